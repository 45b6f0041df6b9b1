/* Starts a background process that outlives this one. */
#ifndef WALSHIP_CLI_DETACH_H
#define WALSHIP_CLI_DETACH_H

/*
 * Runs live(arg, told_fd) in a background process, which exits when live returns. The process has a copy of this one's
 * memory, but not its descriptors, terminal or signal handlers, and does not keep its working directory busy. Returns
 * the write end of the pipe that told_fd reads, or -1.
 */
int detach(void (*live)(void *arg, int told_fd), void *arg);

#endif
