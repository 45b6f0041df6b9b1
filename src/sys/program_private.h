/* Shared by program.c and program_stream.c. */
#ifndef WALSHIP_SYS_PROGRAM_PRIVATE_H
#define WALSHIP_SYS_PROGRAM_PRIVATE_H

#include <sys/types.h>

/*
 * Starts a program in its own process group, so that its children can be killed with it, with empty standard input.
 * Signals that walship ignores get their default action back. argv[0] is looked up in PATH unless it has a '/'.
 * environment NULL: empty. Returns 0 or an errno.
 */
int program_spawn(char *const *argv, const char *const *environment, int out_fd, int err_fd, pid_t *pid);

#endif
