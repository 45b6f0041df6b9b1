#include "sys/note.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sys/newfile.h"
#include "sys/read_file.h"
#include "text/number.h"

#define END "\nend\n"
#define FIRST_LINE_MAX 64

static void first_line(const char *kind, char out[FIRST_LINE_MAX])
{
	(void)snprintf(out, FIRST_LINE_MAX, "walship 1 %s\n", kind);
}

/* A text that does not fit fills the note, so that its end does not fit either. */
__attribute__((format(printf, 2, 3))) static bool append(struct note *note, const char *format, ...)
{
	size_t left = sizeof note->text - note->len;
	va_list args;
	va_start(args, format);
	int len = vsnprintf(note->text + note->len, left, format, args);
	va_end(args);
	bool fits = (size_t)len < left;
	note->len += fits ? (size_t)len : left - 1;
	return fits;
}

void note_begin(struct note *note, const char *kind)
{
	char line[FIRST_LINE_MAX];
	first_line(kind, line);
	note->len = 0;
	(void)append(note, "%s", line);
}

void note_put(struct note *note, const char *key, const char *format, ...)
{
	char value[NOTE_MAX];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(value, sizeof value, format, args);
	va_end(args);
	for (char *newline = value; (newline = strchr(newline, '\n')) != NULL;)
		*newline = ' ';
	(void)append(note, "%s %s\n", key, value);
}

void note_put_lines(struct note *note, const char *lines)
{
	(void)append(note, "%s", lines);
}

bool note_end(struct note *note)
{
	return append(note, "%s", "end\n");
}

enum status note_replace(const struct note *note, const char *path, struct error *err)
{
	return newfile_put(path, note->text, note->len, err);
}

bool note_parse(struct note *note, const char *kind, const char *text)
{
	char line[FIRST_LINE_MAX];
	first_line(kind, line);
	const char *end = strstr(text, END);
	*note = (struct note){0};
	if (strncmp(text, line, strlen(line)) != 0 || end == NULL || (size_t)(end - text) + sizeof END > NOTE_MAX)
		return false;
	note->len = (size_t)(end - text) + strlen(END);
	memcpy(note->text, text, note->len);
	return true;
}

bool note_read(struct note *note, const char *kind, const char *path)
{
	char text[NOTE_MAX];
	struct error ignored;
	*note = (struct note){0};
	return read_file_text(path, text, sizeof text, &ignored) == STATUS_OK && note_parse(note, kind, text);
}

bool note_text(const struct note *note, const char *key, char *out, size_t size)
{
	size_t len = strlen(key);
	out[0] = '\0';
	/* The first and the last line hold no value. */
	for (const char *line = strchr(note->text, '\n'); line != NULL && *++line != '\0'; line = strchr(line, '\n')) {
		if (strncmp(line, key, len) != 0 || line[len] != ' ')
			continue;
		(void)snprintf(out, size, "%.*s", (int)strcspn(line + len + 1, "\n"), line + len + 1);
		return true;
	}
	return false;
}

bool note_number(const struct note *note, const char *key, uint64_t most, uint64_t *out)
{
	char text[24]; /* a valid number has at most 20 digits */
	*out = 0;
	return note_text(note, key, text, sizeof text) && number_parse(text, most, out);
}

bool note_seconds(const struct note *note, const char *key, int64_t *out)
{
	uint64_t seconds;
	bool good = note_number(note, key, INT64_MAX, &seconds);
	*out = (int64_t)seconds;
	return good;
}
