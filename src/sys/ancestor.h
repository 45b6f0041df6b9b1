/* The processes above this one. */
#ifndef WALSHIP_SYS_ANCESTOR_H
#define WALSHIP_SYS_ANCESTOR_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

/*
 * When the process started, in UTC, that is a child of this parent and an ancestor of this process, or this process
 * itself. Rounded down to a tick of the kernel (10 ms). False if there is none, or without /proc.
 */
bool ancestor_start(pid_t parent, struct timespec *out);

/*
 * Whether the file of fd is the standard output of that ancestor, so that nobody below it has redirected the output.
 * False if there is no such ancestor. If the system does not show its standard output, a regular file counts as
 * another.
 */
bool ancestor_has_output(pid_t parent, int fd);

#endif
