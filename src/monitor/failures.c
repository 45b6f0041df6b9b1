#include "monitor/failures.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "sys/newfile.h"
#include "sys/read_file.h"

#define NAME "failing"
#define FIRST_LINE "walship 1 failing\n"
#define RECORD_MAX (ERROR_TEXT_MAX + ERROR_HINT_MAX + 256)

/* Copies the value of the record's line "NAME value". False when the record has no such line. */
static bool field(const char *record, const char *name, char *out, size_t size)
{
	size_t len = strlen(name);
	for (const char *line = record; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, len) != 0 || line[len] != ' ')
			continue;
		(void)snprintf(out, size, "%.*s", (int)strcspn(line + len + 1, "\n"), line + len + 1);
		return true;
	}
	return false;
}

static bool time_field(const char *record, const char *name, int64_t *out)
{
	char text[UTC_TEXT_SIZE];
	return field(record, name, text, sizeof text) && utc_parse(text, out);
}

static bool parse(const char *record, struct failures *out)
{
	char count[24], code[8];
	if (strncmp(record, FIRST_LINE, strlen(FIRST_LINE)) != 0 || !time_field(record, "since", &out->since_s) ||
	    !time_field(record, "last", &out->last_s) || !field(record, "count", count, sizeof count) ||
	    !field(record, "code", code, sizeof code) || !field(record, "file", out->file, sizeof out->file) ||
	    !field(record, "error", out->error.text, sizeof out->error.text))
		return false;
	(void)field(record, "hint", out->error.hint, sizeof out->error.hint);
	out->count = strtoull(count, NULL, 10);
	out->exit_code = (int)strtol(code, NULL, 10);
	return out->count > 0;
}

static bool read_record(const char *path, struct failures *out)
{
	char record[RECORD_MAX];
	struct error ignored;
	if (read_file_text(path, record, sizeof record, &ignored))
		return false;
	*out = (struct failures){0};
	return parse(record, out);
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
	char since[UTC_TEXT_SIZE], last[UTC_TEXT_SIZE], record[RECORD_MAX];
	utc_text(failures->since_s, since);
	utc_text(failures->last_s, last);
	int len = snprintf(record, sizeof record,
			   FIRST_LINE "since %s\nlast %s\ncount %" PRIu64 "\ncode %d\nfile %s\nerror %s\nhint %s\n",
			   since, last, failures->count, failures->exit_code, failures->file, failures->error.text,
			   failures->error.hint);
	struct newfile file = {0};
	enum status st = newfile_open(&file, path, 0600, err);
	if (!st)
		st = newfile_write(&file, record, (size_t)len, err);
	if (!st)
		st = newfile_replace(&file, err);
	newfile_fini(&file);
	return st;
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
