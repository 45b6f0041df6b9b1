/* Runs a program whose standard output is a stream of any length, such as pg_dump. */
#ifndef WALSHIP_SYS_PROGRAM_STREAM_H
#define WALSHIP_SYS_PROGRAM_STREAM_H

#include "base/buffer.h"
#include "base/call.h"

#define PROGRAM_ERRORS_MAX (64UL * 1024) /* of standard error that is kept: the latest */

struct program_stream {
	const char *const *argv;        /* begins with the program's path, ends with NULL */
	const char *const *environment; /* the program's whole environment; NULL: empty */
	/* Takes the output piece by piece; the program waits meanwhile. A failure ends the program. */
	enum status (*output)(void *arg, const void *data, size_t len, struct error *err);
	void *arg;
};

/*
 * Runs the program in its own process group, without a shell and with empty standard input, until it has ended and its
 * output is read. Each step of the call is the time in which it must print something. A program that must end, for this
 * reason or because of a signal, gets SIGTERM, and SIGKILL some seconds later.
 *
 * *errors, which the caller finishes, receives the end of standard error, whatever happens. STATUS_OK: exit code 0, and
 * all of the output was taken. STATUS_USAGE: the program cannot be started. STATUS_UNREACHABLE: it failed, was killed,
 * printed nothing in time, or a signal interrupted the call. Otherwise the status of output.
 */
enum status program_stream(const struct program_stream *program, const struct call *call, struct buffer *errors,
			   struct error *err);

#endif
