/* A program that runs: shared by program.c and program_stream.c. */
#ifndef WALSHIP_SYS_PROGRAM_CHILD_H
#define WALSHIP_SYS_PROGRAM_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/clock.h"
#include "walship/error.h"

#define PROGRAM_POLL_MS 100    /* a signal just before poll does not interrupt it */
#define PROGRAM_EXIT_POLL_MS 5 /* the pipes are closed and the exit is near */

struct program_child {
	int out_fd, err_fd; /* read ends of the pipes; -1: none, or end of file */
	pid_t pid;
	bool ended;
	int wait_status; /* once it has ended */
};

/*
 * Starts a program in its own process group, so that its children can be killed with it, with empty standard input.
 * Signals that walship ignores get their default action back. argv[0] is looked up in PATH unless it has a '/'.
 * environment NULL: empty. The caller calls program_child_close whatever happens, and before, after STATUS_OK,
 * program_child_end.
 */
enum status program_child_start(struct program_child *child, char *const *argv, const char *const *environment,
				struct error *err);

/* Notes an exit. Does not wait. */
void program_child_look(struct program_child *child);

/*
 * Ends the program if it has not ended: asks it to, and after grace_ms kills its group. With grace_ms 0 kills it at
 * once. Its output is no longer read.
 */
void program_child_end(struct program_child *child, const struct clock *clock, int64_t grace_ms);

/* Of a program that has ended. STATUS_UNREACHABLE unless it exited with code 0. */
enum status program_child_check(const struct program_child *child, struct error *err);

/* Closes the pipes. */
void program_child_close(struct program_child *child);

#endif
