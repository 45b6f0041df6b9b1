/*
 * Runs a program and captures its output, such as a secret or credentials. It runs without a shell (text/argsplit.h
 * parses its command line), with empty standard input, limited time and output, and in its own process group.
 */
#ifndef WALSHIP_SYS_PROGRAM_H
#define WALSHIP_SYS_PROGRAM_H

#include <stdbool.h>

#include "base/call.h"
#include "sys/secret.h"

#define PROGRAM_TIMEOUT_MS 60000 /* some programs wait for a person's device; a server answers at once */

struct program {
	const char *what; /* the option that names the program; error texts begin with it and the first argument */
	const char *line;
	const char *const *environment; /* the program's whole environment; NULL: empty */
	int64_t timeout_ms;             /* 0: PROGRAM_TIMEOUT_MS */
	bool truncate_output;           /* output beyond SECRET_FILE_MAX is dropped instead of an error */
	bool keeps_output;              /* *out receives the output of a program that failed, too */
	const char *unheeded;           /* lines of standard error that begin so are not its first; NULL: none */
	int64_t grace_ms;               /* a program that must end gets SIGTERM, and SIGKILL after this time */
	void (*waits)(void *arg);       /* called now and then until the program ends; NULL: not called */
	void *waits_arg;
};

/*
 * Runs the program and puts its standard output, at most SECRET_FILE_MAX bytes, into *out. Kills the process group at
 * the call's deadline, at the timeout, on a signal, or when it prints too much.
 *
 * STATUS_USAGE: the command line is invalid, or the program cannot be started. STATUS_UNREACHABLE: it failed or did not
 * exit in time; the error text then has the first line of its standard error, without keys (text/redact.h), unless
 * that repeats a part of its output.
 */
enum status program_run(const struct program *program, const struct call *call, struct secret *out, struct error *err);

#endif
