/* A process that goes on when this one has ended. */
#ifndef WALSHIP_CLI_DETACH_H
#define WALSHIP_CLI_DETACH_H

/*
 * Runs live(arg, told_fd) in it, with a copy of this one's memory, without its descriptors, terminal, working
 * directory's hold and signals; it ends when live returns. Returns the writing end of the pipe that told_fd reads, or
 * -1.
 */
int detach(void (*live)(void *arg, int told_fd), void *arg);

#endif
