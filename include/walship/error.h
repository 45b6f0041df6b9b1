/*
 * Error text for people: one line, and a separate hint that says what to do.
 *
 * The function that fails sets the innermost text; each caller prepends one piece of context:
 *     push 0000000100000000000000A3: put s3://b/k: HTTP 403 AccessDenied
 * All functions return the status that they are given, so that a failure is one statement. Control characters (from a
 * server's answer or a file name) become '?', so that one error is one log line. Text beyond the limit is cut off.
 * Secrets never enter it.
 */
#ifndef WALSHIP_ERROR_H
#define WALSHIP_ERROR_H

#include "walship/status.h"

#define ERROR_TEXT_MAX 1024 /* two full paths and a server's message */
#define ERROR_HINT_MAX 512

struct error {
	char text[ERROR_TEXT_MAX]; /* lowercase, no full stop; empty: no error */
	char hint[ERROR_HINT_MAX]; /* empty: no hint */
};

/* Replaces the text and clears the hint. Returns status. */
enum status error_set(struct error *err, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* As error_set, and appends ": " and the text of errno_value; errno is errno_value afterwards. */
enum status error_errno(struct error *err, enum status status, int errno_value, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Prepends "context: " to the text. Returns status. */
enum status error_wrap(struct error *err, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sets the hint unless an inner function has set one. Returns status. */
enum status error_hint(struct error *err, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
