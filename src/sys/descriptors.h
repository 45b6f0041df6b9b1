/* The open descriptors of this process. */
#ifndef WALSHIP_SYS_DESCRIPTORS_H
#define WALSHIP_SYS_DESCRIPTORS_H

/*
 * Closes every descriptor from first on, as glibc's closefrom(3) does, which musl lacks. Where the kernel has
 * close_range(2) the call allocates no memory.
 */
void descriptors_close_from(int first);

/* The same by /proc/self/fd alone: for Linux before 5.9, and for containers whose seccomp filter is as old. */
void descriptors_close_listed(int first);

#endif
