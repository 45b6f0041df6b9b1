/*
 * Splits a command line of the configuration into arguments, without a shell.
 *
 * Blanks and tabs separate arguments. Inside '...' every character stands for itself. Inside "..." and outside quotes,
 * a backslash makes the next character literal. Adjacent quoted and unquoted pieces form one argument, and '' is an
 * empty argument. Nothing is expanded: no variables, no wildcards, no pipes.
 */
#ifndef WALSHIP_TEXT_ARGSPLIT_H
#define WALSHIP_TEXT_ARGSPLIT_H

#include <stddef.h>

#include "walship/error.h"

#define ARGSPLIT_MAX 64
#define ARGSPLIT_LINE_MAX 4096 /* room for a path and a secrets manager's options */

struct argsplit {
	char text[ARGSPLIT_LINE_MAX];
	char *argv[ARGSPLIT_MAX + 1]; /* ends with NULL; points into text, so the struct must not be moved */
	size_t count;
};

/*
 * Fills *out. STATUS_USAGE when the line is empty, is too long, has too many arguments or has an unclosed quote; `what`
 * is the line's name in the error text.
 */
enum status argsplit(struct argsplit *out, const char *line, const char *what, struct error *err);

#endif
