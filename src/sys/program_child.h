/* A child process that runs a program: shared by program.c and program_stream.c. */
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
 * environment NULL: empty. After STATUS_OK call program_child_end; then, for every status, program_child_close.
 */
enum status program_child_start(struct program_child *child, char *const *argv, const char *const *environment,
				struct error *err);

/* Notes an exit. Does not wait. */
void program_child_look(struct program_child *child);

/*
 * Ends the program if it runs: sends SIGTERM to its group, and SIGKILL after grace_ms. With grace_ms 0 sends SIGKILL at
 * once. The output of the program is no longer read.
 */
void program_child_end(struct program_child *child, const struct clock *clock, int64_t grace_ms);

/* The result of a program that has ended. STATUS_UNREACHABLE: the program did not exit with code 0. */
enum status program_child_check(const struct program_child *child, struct error *err);

/* Closes the pipes. */
void program_child_close(struct program_child *child);

#endif
