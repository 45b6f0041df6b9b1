/*
 * A program that is run for what it prints: a secret, credentials. Without a shell (base/argsplit.h says how its line
 * is read), with nothing on its standard input, bounded in time and output, in a process group of its own.
 */
#ifndef WALSHIP_SYS_PROGRAM_H
#define WALSHIP_SYS_PROGRAM_H

#include <stdbool.h>

#include "base/call.h"
#include "sys/secret.h"

#define PROGRAM_TIMEOUT_MS 60000 /* some ask a person's device; a server's answers at once */

struct program {
	const char *what; /* the option that names it: its errors begin with that and the first word */
	const char *line;
	const char *const *environment; /* all of the program's; NULL: none */
	int64_t timeout_ms;             /* 0: PROGRAM_TIMEOUT_MS */
	bool talks;                     /* what it prints beyond the most is dropped, and no error */
};

/*
 * What it has printed by the time it ended, at most SECRET_FILE_MAX bytes. The program's group is killed when the
 * call's deadline or its timeout comes, a signal asks for the end, or it prints too much.
 *
 * STATUS_USAGE: a line without words, or a program that cannot be run. STATUS_UNREACHABLE: it failed, or did not end;
 * the first line that it put on its standard error stands in the text, unless that holds a part of what it printed.
 */
enum status program_run(const struct program *program, const struct call *call, struct secret *out, struct error *err);

#endif
