/*
 * The text format of files in the spool: a line "walship 1 KIND", lines "KEY VALUE", and a line "end". A note that was
 * cut off lacks the last line and counts as missing.
 */
#ifndef WALSHIP_SYS_NOTE_H
#define WALSHIP_SYS_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "walship/error.h"

#define NOTE_MAX (8 * 1024) /* the identity of a repository (repo/identity.h) has 4 KiB, other values less */

struct note {
	size_t len;
	char text[NOTE_MAX]; /* a 0 byte follows it */
};

/* Begins the text of a note. If a value does not fit, note_end returns false. */
void note_begin(struct note *note, const char *kind);
/* Appends a line. A newline within the value becomes a blank. */
void note_put(struct note *note, const char *key, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Appends complete lines, each of which begins with its key. */
void note_put_lines(struct note *note, const char *lines);
bool note_end(struct note *note);

/* Replaces the file path atomically, without a sync (newfile_replace). */
enum status note_replace(const struct note *note, const char *path, struct error *err);

/* Whether text begins with a complete note of this kind. Text after the line "end" is ignored. */
bool note_parse(struct note *note, const char *kind, const char *text);

/* Reads the note at path. False if the file holds no complete note of this kind. */
bool note_read(struct note *note, const char *kind, const char *path);

/* Copies the value of key, truncated to size. False, with out "", if the note has no such key. */
bool note_text(const struct note *note, const char *key, char *out, size_t size);

/* Reads the value of key as a decimal number. False, with *out 0, if there is none or it exceeds most. */
bool note_number(const struct note *note, const char *key, uint64_t most, uint64_t *out);

/* Reads the value of key as a time in seconds. */
bool note_seconds(const struct note *note, const char *key, int64_t *out);

#endif
