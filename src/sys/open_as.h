/* Opens files with the rights of another user, so that root does not follow a link where that user may not go. */
#ifndef WALSHIP_SYS_OPEN_AS_H
#define WALSHIP_SYS_OPEN_AS_H

/*
 * As openat(directory, path, flags). If root calls it, and the directory `root` belongs to another user, that user and
 * the directory's group must have the right to open the file: nobody gains from a link in the user's own directory that
 * leads elsewhere. Other groups of that user do not count. Affects the calling thread alone, and only during the call.
 * -1 with errno.
 */
int open_as_owner(int root, int directory, const char *path, int flags);

#endif
