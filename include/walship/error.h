/*
 * An error for the operator: one line of text, and separately a hint that says what to do.
 *
 * The function that fails sets the innermost part; each caller prepends one part of context:
 *     push 0000000100000000000000A3: put s3://b/k: HTTP 403 AccessDenied
 * Each function returns the status that its caller gives, so that a caller sets the error and returns in one statement.
 * Control characters, as in a server's response or a file name, become '?', so that one error is one log line.
 * ERROR_TEXT_MAX limits the text; a longer text is truncated. The text never contains a secret.
 */
#ifndef WALSHIP_ERROR_H
#define WALSHIP_ERROR_H

#include "walship/status.h"

#define ERROR_TEXT_MAX 1024 /* room for two full paths and a server's message */
#define ERROR_HINT_MAX 512

struct error {
	char text[ERROR_TEXT_MAX]; /* lowercase, no full stop; empty: no error */
	char hint[ERROR_HINT_MAX]; /* empty: no hint */
};

/* Replaces the text and clears the hint. Returns status. */
enum status error_set(struct error *err, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * As error_set, followed by ": " and the message for errno_value. Sets the hint for a lack of descriptors or memory,
 * and for other errors that have one remedy everywhere (base/remedy.h). Leaves errno set to errno_value.
 */
enum status error_errno(struct error *err, enum status status, int errno_value, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Prepends "context: " to the text. Returns status. */
enum status error_wrap(struct error *err, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sets the hint unless an inner function has set one. Returns status. */
enum status error_hint(struct error *err, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
