/*
 * The words of a command line in the configuration, which no shell reads.
 *
 * Blanks and tabs separate them. Between '...' every character is itself; between "..." and outside, a backslash makes
 * the next character itself. Quoted and other pieces side by side are one word, and '' is an empty one. Nothing is
 * expanded: no variables, no wildcards, no pipes.
 */
#ifndef WALSHIP_BASE_ARGSPLIT_H
#define WALSHIP_BASE_ARGSPLIT_H

#include <stddef.h>

#include "walship/error.h"

#define ARGSPLIT_MAX 64
#define ARGSPLIT_LINE_MAX 4096 /* a path, and options of a secrets manager */

struct argsplit {
	char text[ARGSPLIT_LINE_MAX];
	char
	    *argv[ARGSPLIT_MAX + 1]; /* NULL behind the last; they lie in text, so that words must not move in memory */
	size_t count;
};

/* STATUS_USAGE, with `what` for the line's name, for one without words, with too many, or with a quote left open. */
enum status argsplit(struct argsplit *out, const char *line, const char *what, struct error *err);

#endif
