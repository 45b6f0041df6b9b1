/*
 * What went wrong, for reading: one line, and separately what to do about it.
 *
 * A function that fails sets the innermost piece; each caller prepends one piece of context:
 *     push 0000000100000000000000A3: put s3://b/k: HTTP 403 AccessDenied
 * All of them return the status that they are given, so that a failure is one statement. Control
 * characters (of a server's answer, a file name) become '?', so that one error is one log line. The
 * text is cut at its bound. Secrets never enter it.
 */
#ifndef WALSHIP_ERROR_H
#define WALSHIP_ERROR_H

#include "walship/status.h"

#define ERROR_TEXT_MAX 1024 /* two full paths and a server's message */
#define ERROR_HINT_MAX 512

struct error {
	char text[ERROR_TEXT_MAX]; /* lowercase, no full stop; empty: no error */
	char hint[ERROR_HINT_MAX]; /* empty: nothing to advise */
};

/* Replaces the text (and forgets an older hint). Returns status. */
enum status error_set(struct error *err, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* As error_set, with ": " and the words for errno_value behind the text; errno is errno_value afterwards. */
enum status error_errno(struct error *err, enum status status, int errno_value, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Puts "context: " before the text. Returns status. */
enum status error_wrap(struct error *err, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sets the hint unless a more inner one is there already. Returns status. */
enum status error_hint(struct error *err, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
