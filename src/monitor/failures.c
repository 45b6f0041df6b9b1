#include "monitor/failures.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "sys/note.h"

#define NAME "failing"

static bool time_of(const struct note *note, const char *key, int64_t *out)
{
	char text[UTC_TEXT_SIZE];
	return note_text(note, key, text, sizeof text) && utc_parse(text, out);
}

static bool parse(const struct note *note, struct failures *out)
{
	uint64_t code;
	if (!time_of(note, "since", &out->since_s) || !time_of(note, "last", &out->last_s) ||
	    !note_number(note, "count", UINT64_MAX, &out->count) || !note_number(note, "code", INT_MAX, &code) ||
	    !note_text(note, "file", out->file, sizeof out->file) ||
	    !note_text(note, "error", out->error.text, sizeof out->error.text))
		return false;
	(void)note_text(note, "hint", out->error.hint, sizeof out->error.hint);
	out->exit_code = (int)code;
	return out->count > 0;
}

static bool read_record(const char *path, struct failures *out)
{
	struct note note;
	*out = (struct failures){0};
	return note_read(&note, NAME, path) && parse(&note, out);
}

bool failures_read(const struct push_notes *notes, struct failures *out)
{
	char path[PUSH_NOTES_PATH_MAX];
	struct error ignored;
	push_notes_path(notes, NAME, path);
	*out = (struct failures){0};
	/* A spool of another user is not trusted. */
	return access(path, F_OK) == 0 && push_notes_prepare(notes, &ignored) == STATUS_OK && read_record(path, out);
}

static enum status write_record(const char *path, const struct failures *failures, struct error *err)
{
	char since[UTC_TEXT_SIZE], last[UTC_TEXT_SIZE];
	struct note note;
	utc_text(failures->since_s, since);
	utc_text(failures->last_s, last);
	note_begin(&note, NAME);
	note_put(&note, "since", "%s", since);
	note_put(&note, "last", "%s", last);
	note_put(&note, "count", "%" PRIu64, failures->count);
	note_put(&note, "code", "%d", failures->exit_code);
	note_put(&note, "file", "%s", failures->file);
	note_put(&note, "error", "%s", failures->error.text);
	note_put(&note, "hint", "%s", failures->error.hint);
	(void)note_end(&note); /* NOTE_MAX is above the sum of these */
	return note_replace(&note, path, err);
}

enum status failures_add(const struct push_notes *notes, struct failures *out, struct error *err)
{
	char path[PUSH_NOTES_PATH_MAX];
	struct failures before = {0};
	push_notes_path(notes, NAME, path);
	out->since_s = out->last_s;
	out->count = 1;
	enum status st = push_notes_prepare(notes, err);
	if (!st && read_record(path, &before)) {
		int64_t age_s;
		/* After a change of the clock the record must not begin at a time that gives no valid age. */
		if (clock_age(out->last_s, before.since_s, &age_s))
			out->since_s = out->last_s - age_s;
		out->count = before.count + 1;
	}
	return st ? st : write_record(path, out, err);
}

bool failures_end(const struct push_notes *notes, struct failures *out)
{
	char path[PUSH_NOTES_PATH_MAX];
	push_notes_path(notes, NAME, path);
	if (access(path, F_OK) != 0)
		return false;
	bool known = failures_read(notes, out);
	return unlink(path) == 0 && known;
}
