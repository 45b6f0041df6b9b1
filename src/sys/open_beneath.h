/* Opens a path below a directory without following any symbolic link on the way: not even those that the path's own
 * writer has made lead out of the directory. */
#ifndef WALSHIP_SYS_OPEN_BENEATH_H
#define WALSHIP_SYS_OPEN_BENEATH_H

#include <sys/types.h>

/*
 * As openat(2) with O_CLOEXEC, for a path of plain components: relative, without "." and "..". "" is the directory
 * itself. A symbolic link in any component is ELOOP or ENOTDIR. Returns -1 with errno.
 */
int open_beneath(int directory, const char *path, int flags, mode_t mode);

#endif
