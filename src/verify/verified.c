#include "verify/verified.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "sys/newfile.h"
#include "sys/notes_file.h"
#include "text/number.h"

#define FIRST_LINE "walship verified 2\n"
#define LINE_BYTES_MAX 100 /* five numbers */
#define FILE_BYTES_MAX (sizeof FIRST_LINE + VERIFIED_IDENTITY_MAX + (VERIFIED_RANGES_MAX + 1UL) * LINE_BYTES_MAX)

/* The first range that ends at or after this segment. */
static size_t find(const struct verified *verified, uint32_t timeline, uint64_t number)
{
	size_t low = 0, high = verified->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct verified_range *range = &verified->ranges[middle];
		if (range->timeline < timeline || (range->timeline == timeline && range->last < number))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool holds(const struct verified *verified, size_t at, uint32_t timeline, uint64_t number)
{
	return at < verified->count && verified->ranges[at].timeline == timeline &&
	       verified->ranges[at].first <= number && number <= verified->ranges[at].last;
}

bool verified_has(const struct verified *verified, uint32_t timeline, uint64_t number, int64_t stored_s)
{
	size_t at = find(verified, timeline, number);
	if (!holds(verified, at, timeline, number))
		return false;
	const struct verified_run *run = &verified->ranges[at].run;
	return stored_s < run->began_s && stored_s <= run->newest_s;
}

static void remove_range(struct verified *verified, size_t at)
{
	verified->count--;
	memmove(&verified->ranges[at], &verified->ranges[at + 1], (verified->count - at) * sizeof *verified->ranges);
}

static void drop_oldest(struct verified *verified)
{
	size_t oldest = 0;
	for (size_t i = 1; i < verified->count; i++)
		if (verified->ranges[i].run.began_s < verified->ranges[oldest].run.began_s)
			oldest = i;
	remove_range(verified, oldest);
}

/* at: the position that keeps the order. The caller has made sure of VERIFIED_RANGES_MAX. */
static enum status insert(struct verified *verified, size_t at, struct verified_range range, struct error *err)
{
	void *ranges = array_grow(verified->ranges, verified->count, &verified->capacity, sizeof range);
	if (ranges == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory for the verify notes");
	verified->ranges = ranges;
	memmove(&verified->ranges[at + 1], &verified->ranges[at], (verified->count - at) * sizeof range);
	verified->ranges[at] = range;
	verified->count++;
	return STATUS_OK;
}

enum status verified_remove(struct verified *verified, uint32_t timeline, uint64_t number, struct error *err)
{
	size_t at = find(verified, timeline, number);
	if (!holds(verified, at, timeline, number))
		return STATUS_OK;
	struct verified_range *range = &verified->ranges[at];
	struct verified_range before = *range;
	if (range->first == range->last) {
		remove_range(verified, at);
		return STATUS_OK;
	}
	if (number == range->first) {
		range->first++;
		return STATUS_OK;
	}
	uint64_t last = range->last;
	range->last = number - 1;
	if (number == last)
		return STATUS_OK;
	before.first = number + 1;
	return insert(verified, at + 1, before, err);
}

/* Whether b continues a, and both were read in the same run. */
static bool joins(const struct verified_range *a, const struct verified_range *b)
{
	return a->timeline == b->timeline && a->last + 1 == b->first && a->run.began_s == b->run.began_s &&
	       a->run.newest_s == b->run.newest_s;
}

enum status verified_add(struct verified *verified, uint32_t timeline, uint64_t number, const struct verified_run *run,
			 struct error *err)
{
	enum status st = verified_remove(verified, timeline, number, err);
	while (verified->count + 2 > VERIFIED_RANGES_MAX)
		drop_oldest(verified);
	size_t at = find(verified, timeline, number);
	if (!st)
		st = insert(verified, at, (struct verified_range){timeline, number, number, *run}, err);
	if (st)
		return st;
	struct verified_range *range = &verified->ranges[at];
	if (at + 1 < verified->count && joins(range, range + 1)) {
		range->last = range[1].last;
		remove_range(verified, at + 1);
	}
	if (at > 0 && joins(range - 1, range)) {
		range[-1].last = range->last;
		remove_range(verified, at);
	}
	return STATUS_OK;
}

/* Reads digits and the character after them. */
static bool take_number(const char **text, uint64_t most, char behind, uint64_t *out)
{
	const char *end = number_read(*text, most, out);
	bool good = end != NULL && *end == behind;
	*text = good ? end + 1 : *text;
	return good;
}

/* "1 3 163 1763700000 1763690000": timeline, first, last, times of the run. */
static bool take_range(const char **text, struct verified_range *out)
{
	uint64_t timeline, began_s, newest_s;
	bool good = take_number(text, UINT32_MAX, ' ', &timeline) && take_number(text, UINT64_MAX, ' ', &out->first) &&
		    take_number(text, UINT64_MAX, ' ', &out->last) && take_number(text, INT64_MAX, ' ', &began_s) &&
		    take_number(text, INT64_MAX, '\n', &newest_s);
	if (!good || out->first > out->last)
		return false;
	out->timeline = (uint32_t)timeline;
	out->run = (struct verified_run){(int64_t)began_s, (int64_t)newest_s};
	return true;
}

/* The last line counts the ranges: it shows a file that was cut off, or that a crash left empty. */
static bool take_ranges(struct verified *verified, const char *text, const struct verified_place *place,
			struct error *err)
{
	struct verified_range range = {0}, before = {0};
	size_t count = 0;
	for (; number_digit(*text) < 10; count++) {
		if (count == VERIFIED_RANGES_MAX || !take_range(&text, &range))
			return false;
		if (count > 0 && (range.timeline < before.timeline ||
				  (range.timeline == before.timeline && range.first <= before.last)))
			return false;
		before = range;
		bool counts = range.run.began_s >= place->not_before_s && range.run.began_s <= place->now_s;
		if (counts && insert(verified, verified->count, range, err))
			return false;
	}
	char end[LINE_BYTES_MAX];
	(void)snprintf(end, sizeof end, "end %zu\n", count);
	return strcmp(text, end) == 0;
}

enum status verified_open(struct verified *verified, const struct verified_place *place, struct error *err)
{
	CLEANUP(freep) char *text = NULL;
	char plain[VERIFIED_PATH_MAX];
	const char *notes;
	*verified = (struct verified){0};
	(void)snprintf(plain, sizeof plain, "%s/verified%s-%" PRIu64, place->dir, place->subject, place->system_id);
	(void)snprintf(verified->identity, sizeof verified->identity, "%s", place->identity);
	const struct notes_file file = {
	    .plain = plain, .first_line = FIRST_LINE, .identity = place->identity, .most = FILE_BYTES_MAX};
	enum status st = notes_file_read(&file, verified->path, sizeof verified->path, &text, &notes, err);
	if (!st && notes != NULL && !take_ranges(verified, notes, place, err))
		verified->count = 0;
	return st;
}

void verified_fini(struct verified *verified)
{
	free(verified->ranges);
	*verified = (struct verified){0};
}

enum status verified_save(const struct verified *verified, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	struct newfile file = {0};
	if (verified->path[0] == '\0')
		return STATUS_OK;
	enum status st = buffer_printf(&text, err, FIRST_LINE "%s", verified->identity);
	for (size_t i = 0; !st && i < verified->count; i++) {
		const struct verified_range *range = &verified->ranges[i];
		st = buffer_printf(&text, err, "%" PRIu32 " %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 "\n",
				   range->timeline, range->first, range->last, range->run.began_s, range->run.newest_s);
	}
	if (!st)
		st = buffer_printf(&text, err, "end %zu\n", verified->count);
	if (!st)
		st = newfile_open(&file, verified->path, 0600, err);
	if (!st)
		st = newfile_write(&file, text.data, text.len, err);
	if (!st)
		st = newfile_check_writes(&file, err);
	if (!st)
		st = newfile_replace(&file, err);
	newfile_fini(&file);
	return st == STATUS_MISSING ? STATUS_LOCAL : st;
}
