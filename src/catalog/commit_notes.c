#include "catalog/commit_notes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "sys/newfile.h"
#include "sys/notes_file.h"
#include "text/number.h"

#define FIRST_LINE "walship commit-times 1\n"
#define LINE_BYTES_MAX 140 /* seven numbers */
#define FILE_BYTES_MAX (sizeof FIRST_LINE + IDENTITY_MAX + (COMMIT_NOTES_MAX + 1UL) * LINE_BYTES_MAX)

static bool is_before(const struct commit_note *note, uint32_t timeline, uint64_t number)
{
	return note->timeline < timeline || (note->timeline == timeline && note->number < number);
}

/* The index of the first note of this segment or a later one. */
static size_t find(const struct commit_notes *notes, uint32_t timeline, uint64_t number)
{
	size_t low = 0, high = notes->count;
	/* A run adds its segments roughly in ascending order. */
	if (high > 0 && is_before(&notes->items[high - 1], timeline, number))
		return high;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (is_before(&notes->items[middle], timeline, number))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool holds(const struct commit_notes *notes, size_t at, uint32_t timeline, uint64_t number)
{
	return at < notes->count && notes->items[at].timeline == timeline && notes->items[at].number == number;
}

const struct commit_note *commit_notes_find(const struct commit_notes *notes, uint32_t timeline, uint64_t number)
{
	if (notes == NULL)
		return NULL;
	size_t at = find(notes, timeline, number);
	return holds(notes, at, timeline, number) && !notes->items[at].stale ? &notes->items[at] : NULL;
}

bool commit_notes_want(const struct commit_notes *notes, uint32_t timeline, uint64_t number)
{
	if (commit_notes_find(notes, timeline, number) != NULL)
		return false;
	return notes->count < COMMIT_NOTES_KEPT ||
	       is_before(&notes->items[notes->count - COMMIT_NOTES_KEPT], timeline, number);
}

static void remove_first(struct commit_notes *notes, size_t at, size_t count)
{
	notes->count -= count;
	notes->changed = true;
	memmove(&notes->items[at], &notes->items[at + count], (notes->count - at) * sizeof *notes->items);
}

void commit_notes_remove(struct commit_notes *notes, uint32_t timeline, uint64_t number)
{
	size_t at = find(notes, timeline, number);
	if (holds(notes, at, timeline, number))
		remove_first(notes, at, 1);
}

void commit_notes_listed(struct commit_notes *notes, uint32_t timeline, uint64_t number, int64_t stored_s)
{
	size_t at = find(notes, timeline, number);
	if (!holds(notes, at, timeline, number))
		return;
	struct commit_note *note = &notes->items[at];
	if (!note->stale && (stored_s >= note->began_s || stored_s > note->newest_s))
		notes->changed = note->stale = true;
}

static void drop_stale(struct commit_notes *notes)
{
	size_t kept = 0;
	for (size_t i = 0; i < notes->count; i++)
		if (!notes->items[i].stale)
			notes->items[kept++] = notes->items[i];
	notes->count = kept;
}

static enum status insert(struct commit_notes *notes, size_t at, const struct commit_note *note, struct error *err)
{
	void *items = array_grow(notes->items, notes->count, &notes->capacity, sizeof *note);
	if (items == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory for the notes of commits");
	notes->items = items;
	memmove(&notes->items[at + 1], &notes->items[at], (notes->count - at) * sizeof *note);
	notes->items[at] = *note;
	notes->count++;
	return STATUS_OK;
}

enum status commit_notes_add(struct commit_notes *notes, const struct commit_note *note, struct error *err)
{
	size_t at = find(notes, note->timeline, note->number);
	notes->changed = true;
	if (holds(notes, at, note->timeline, note->number)) {
		struct commit_note before = notes->items[at];
		notes->items[at] = *note;
		if (note->crossing_us == COMMIT_NOTE_UNKNOWN && !before.stale)
			notes->items[at].crossing_us = before.crossing_us;
		return STATUS_OK;
	}
	if (notes->count == COMMIT_NOTES_MAX) {
		drop_stale(notes);
		if (notes->count == COMMIT_NOTES_MAX)
			remove_first(notes, 0, COMMIT_NOTES_MAX / 4);
		at = find(notes, note->timeline, note->number);
	}
	return insert(notes, at, note, err);
}

void commit_notes_cross(struct commit_notes *notes, uint32_t timeline, uint64_t number, int64_t crossing_us)
{
	size_t at = find(notes, timeline, number);
	if (!holds(notes, at, timeline, number))
		return;
	notes->changed |= notes->items[at].crossing_us != crossing_us;
	notes->items[at].crossing_us = crossing_us;
}

/*
 * The file.
 */

/* Reads digits and the character after them. */
static bool take_number(const char **text, uint64_t most, char behind, uint64_t *out)
{
	const char *end = number_read(*text, most, out);
	bool good = end != NULL && *end == behind;
	*text = good ? end + 1 : *text;
	return good;
}

static bool take_time(const char **text, char behind, int64_t *out)
{
	uint64_t number;
	bool good = take_number(text, INT64_MAX, behind, &number);
	*out = (int64_t)number;
	return good;
}

/* An unknown crossing_us is "-". */
static bool take_crossing(const char **text, int64_t *out)
{
	*out = COMMIT_NOTE_UNKNOWN;
	if (strncmp(*text, "-\n", 2) != 0)
		return take_time(text, '\n', out);
	*text += 2;
	return true;
}

static bool take_note(const char **text, struct commit_note *out)
{
	uint64_t timeline = 0;
	bool good = take_number(text, UINT32_MAX, ' ', &timeline) && take_number(text, UINT64_MAX, ' ', &out->number) &&
		    take_time(text, ' ', &out->began_s) && take_time(text, ' ', &out->newest_s) &&
		    take_time(text, ' ', &out->first_us) && take_time(text, ' ', &out->last_us) &&
		    take_crossing(text, &out->crossing_us);
	out->timeline = (uint32_t)timeline;
	return good;
}

/* The last line has the number of notes. A file that was cut off, or that a crash left empty, lacks it. */
static bool take_notes(struct commit_notes *notes, const char *text, struct error *err)
{
	struct commit_note note = {0};
	char end[LINE_BYTES_MAX];
	while (number_digit(*text) < 10) {
		if (notes->count == COMMIT_NOTES_MAX || !take_note(&text, &note) ||
		    find(notes, note.timeline, note.number) != notes->count || insert(notes, notes->count, &note, err))
			return false;
	}
	(void)snprintf(end, sizeof end, "end %zu\n", notes->count);
	return strcmp(text, end) == 0;
}

static enum status load(struct commit_notes *notes, const char *plain, struct error *err)
{
	CLEANUP(freep) char *text = NULL;
	const struct notes_file file = {
	    .plain = plain, .first_line = FIRST_LINE, .identity = notes->identity, .most = FILE_BYTES_MAX};
	const char *content;
	enum status st = notes_file_read(&file, notes->path, sizeof notes->path, &text, &content, err);
	if (!st && content != NULL && !take_notes(notes, content, err))
		notes->count = 0;
	return st;
}

enum status commit_notes_open(struct commit_notes *notes, const struct commit_notes_place *place, struct error *err)
{
	char directory[SPOOL_PATH_MAX], plain[COMMIT_NOTES_PATH_MAX];
	struct stat info;
	*notes = (struct commit_notes){0};
	if (place->settings->s3.at_s != 0)
		return STATUS_OK;
	if (!place->create && spool_path(place->directory, directory) && lstat(directory, &info) != 0)
		return STATUS_OK;
	enum status st = spool_prepare(place->directory, directory, err);
	if (!st)
		st = identity_text(place->settings, IDENTITY_NO_KEYS, notes->identity, err);
	if (st)
		return st;
	(void)snprintf(plain, sizeof plain, "%s/commit-times-%" PRIu64, directory, place->system_id);
	return load(notes, plain, err);
}

void commit_notes_fini(struct commit_notes *notes)
{
	free(notes->items);
	*notes = (struct commit_notes){0};
}

static enum status print_note(struct buffer *text, const struct commit_note *note, struct error *err)
{
	char crossing[24] = "-";
	if (note->crossing_us != COMMIT_NOTE_UNKNOWN)
		(void)snprintf(crossing, sizeof crossing, "%" PRId64, note->crossing_us);
	return buffer_printf(text, err, "%" PRIu32 " %" PRIu64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %s\n",
			     note->timeline, note->number, note->began_s, note->newest_s, note->first_us, note->last_us,
			     crossing);
}

enum status commit_notes_save(struct commit_notes *notes, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	if (!notes->changed || notes->path[0] == '\0')
		return STATUS_OK;
	drop_stale(notes);
	enum status st = buffer_printf(&text, err, FIRST_LINE "%s", notes->identity);
	for (size_t i = 0; !st && i < notes->count; i++)
		st = print_note(&text, &notes->items[i], err);
	if (!st)
		st = buffer_printf(&text, err, "end %zu\n", notes->count);
	if (!st)
		st = newfile_put(notes->path, text.data, text.len, err);
	notes->changed = st != STATUS_OK;
	return st == STATUS_MISSING ? STATUS_LOCAL : st;
}
