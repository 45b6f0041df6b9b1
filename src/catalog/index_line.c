#include "catalog/index_line.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "format/frame.h"
#include "text/number.h"

#define MODE_MAX 07777

/* Whether the byte stands in a line as it is. */
static bool is_plain(unsigned char byte)
{
	return byte >= ' ' && byte != '\\' && byte != 0x7f;
}

/* Appends the text in a form without tabs and newlines. */
static enum status put_text(struct buffer *out, const char *text, struct error *err)
{
	enum status st = STATUS_OK;
	while (!st && *text != '\0') {
		size_t plain = 0;
		while (is_plain((unsigned char)text[plain]))
			plain++;
		st = buffer_append(out, text, plain, err);
		text += plain;
		if (!st && *text != '\0')
			st = buffer_printf(out, err, "\\%03o", (unsigned)(unsigned char)*text++);
	}
	return st;
}

static enum status put_path_and_link(struct buffer *out, const struct index_entry *entry, struct error *err)
{
	enum status st = put_text(out, entry->path, err);
	if (!st && entry->link != NULL)
		st = buffer_append(out, "\t", 1, err);
	if (!st && entry->link != NULL)
		st = put_text(out, entry->link, err);
	return st ? st : buffer_append(out, "\n", 1, err);
}

enum status index_put_entry(struct buffer *out, const struct index_entry *entry, struct error *err)
{
	enum status st =
	    entry->is_directory
		? buffer_printf(out, err, "d\t%o\t", entry->mode)
		: buffer_printf(out, err, "f\t%o\t%" PRIu64 "\t%" PRId64 "\t%" PRId64 "\t%" PRIu64 "\t", entry->mode,
				entry->size, entry->modified_ns, entry->changed_ns, entry->inode);
	return st ? st : put_path_and_link(out, entry, err);
}

enum status index_put_run(struct buffer *out, const struct index_run *run, struct error *err)
{
	if (run->is_zero)
		return buffer_printf(out, err, "z\t%" PRIu64 "\t%" PRIu64 "\n", run->block, run->count);
	return buffer_printf(out, err,
			     "r\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu32 "\t%" PRIu32 "\t%" PRIu64 "\t%" PRIu32 "\t%" PRIu32
			     "\t%" PRIu32 "\n",
			     run->block, run->count, run->backup, run->pack, run->frame.offset, run->frame.bytes,
			     run->frame.number, run->at);
}

static enum status refuse(struct error *err, const char *what)
{
	return error_set(err, STATUS_DAMAGED, "damaged: a line of the index has %s", what);
}

/* The text up to the next tab or the end; *line moves behind it. NULL when the line has ended. */
static char *take_field(char **line)
{
	char *field = *line;
	if (field == NULL)
		return NULL;
	char *tab = strchr(field, '\t');
	*line = tab == NULL ? NULL : tab + 1;
	if (tab != NULL)
		*tab = '\0';
	return field;
}

/* A number as printf would write it: one text for each number. */
static bool take_number(char **line, uint64_t most, uint64_t *out)
{
	const char *field = take_field(line);
	*out = 0;
	return field != NULL && (field[0] != '0' || field[1] == '\0') && number_parse(field, most, out);
}

static bool take_time(char **line, int64_t *out)
{
	char *field = *line;
	bool is_negative = field != NULL && *field == '-';
	uint64_t value;
	if (is_negative)
		(*line)++;
	if (!take_number(line, INT64_MAX, &value))
		return false;
	*out = is_negative ? -(int64_t)value : (int64_t)value;
	return !is_negative || value > 0;
}

static bool take_mode(char **line, unsigned *out)
{
	const char *field = take_field(line);
	*out = 0;
	if (field == NULL || *field == '\0' || (field[0] == '0' && field[1] != '\0'))
		return false;
	for (; *field >= '0' && *field <= '7' && *out <= MODE_MAX; field++)
		*out = *out * 8 + (unsigned)(*field - '0');
	return *field == '\0' && *out <= MODE_MAX;
}

/* In place. */
static bool unescape(char *text)
{
	char *to = text;
	for (const char *from = text; *from != '\0'; to++) {
		if (is_plain((unsigned char)*from)) {
			*to = *from++;
			continue;
		}
		if (*from != '\\')
			return false;
		unsigned value = 0;
		from++;
		for (int i = 0; i < 3; i++, from++) {
			if (*from < '0' || *from > '7')
				return false;
			value = value * 8 + (unsigned)(*from - '0');
		}
		if (value == 0 || value > UINT8_MAX || is_plain((unsigned char)value))
			return false;
		*to = (char)value;
	}
	*to = '\0';
	return true;
}

/* Below the data directory, whatever the file system makes of the text: "a/b", not "/a", "a//b", "./a" or "a/..". */
static bool is_plain_path(const char *path)
{
	if (*path == '\0' || strlen(path) >= PATH_MAX)
		return false;
	for (;;) {
		size_t len = strcspn(path, "/");
		if (len == 0 || len > NAME_MAX || (len == 1 && path[0] == '.') ||
		    (len == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (path[len] == '\0')
			return true;
		path += len + 1;
	}
}

static enum status parse_path_and_link(struct index_entry *entry, char *line, struct error *err)
{
	char *path = take_field(&line);
	char *link = take_field(&line);
	if (path == NULL || !unescape(path) || !is_plain_path(path))
		return refuse(err, "no valid path below the data directory");
	if (line != NULL || (link != NULL && (*link == '\0' || !unescape(link))))
		return refuse(err, "an invalid link");
	entry->path = path;
	entry->link = link;
	return STATUS_OK;
}

static enum status parse_entry(struct index_entry *entry, char *line, struct error *err)
{
	bool valid = take_mode(&line, &entry->mode);
	if (!entry->is_directory)
		valid = valid && take_number(&line, INT64_MAX, &entry->size) && take_time(&line, &entry->modified_ns) &&
			take_time(&line, &entry->changed_ns) && take_number(&line, UINT64_MAX, &entry->inode);
	return valid ? parse_path_and_link(entry, line, err) : refuse(err, "an invalid number");
}

static bool take_u32(char **line, uint32_t *out)
{
	uint64_t value;
	bool valid = take_number(line, UINT32_MAX, &value);
	*out = (uint32_t)value;
	return valid;
}

static bool is_possible_frame(const struct index_run *run)
{
	return run->pack > 0 && run->frame.bytes >= FRAME_MIN && run->frame.bytes <= FRAME_MAX &&
	       run->frame.offset >= HEADER_BYTES && run->at < FRAME_CONTENT_BYTES;
}

static enum status parse_run(struct index_run *run, char *line, struct error *err)
{
	bool valid = take_number(&line, INT64_MAX, &run->block) && take_number(&line, INT64_MAX, &run->count);
	if (!run->is_zero)
		valid = valid && take_u32(&line, &run->backup) && take_u32(&line, &run->pack) &&
			take_number(&line, INT64_MAX, &run->frame.offset) && take_u32(&line, &run->frame.bytes) &&
			take_u32(&line, &run->frame.number) && take_u32(&line, &run->at) && is_possible_frame(run);
	return valid && line == NULL && run->count > 0 ? STATUS_OK : refuse(err, "an invalid number");
}

enum status index_parse(struct index_line *out, char *line, struct error *err)
{
	const char *kind = take_field(&line);
	*out = (struct index_line){0};
	if (strcmp(kind, "d") == 0 || strcmp(kind, "f") == 0) {
		out->kind = INDEX_LINE_ENTRY;
		out->entry.is_directory = *kind == 'd';
		return parse_entry(&out->entry, line, err);
	}
	if (strcmp(kind, "r") == 0 || strcmp(kind, "z") == 0) {
		out->kind = INDEX_LINE_RUN;
		out->run.is_zero = *kind == 'z';
		return parse_run(&out->run, line, err);
	}
	return refuse(err, "an unknown kind");
}
