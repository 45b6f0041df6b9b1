/*
 * A file that appears under its name only when it is complete. Until then it has no name at all
 * (O_TMPFILE), so that a killed process leaves nothing; where the file system cannot do that (NFS,
 * some FUSE), it is a hidden ".walship-*.tmp" beside its name. After STATUS_LOCAL, errno is that of the
 * system call that failed.
 */
#ifndef WALSHIP_SYS_NEWFILE_H
#define WALSHIP_SYS_NEWFILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "walship/error.h"

struct newfile {
	bool open;  /* false in the zero state: nothing is held */
	int dir_fd; /* the directory it will appear in */
	int fd;     /* open for reading and writing */
	char name[NAME_MAX + 1];
	char temp[NAME_MAX + 1]; /* "" while it has no name */
};

/*
 * Begins the file that will be path, with this mode less the umask. STATUS_LOCAL when its directory cannot be
 * written; STATUS_MISSING when the directory is not there.
 */
enum status newfile_open(struct newfile *file, const char *path, mode_t mode, struct error *err);

enum status newfile_write(struct newfile *file, const void *data, size_t len, struct error *err);

/*
 * Makes it appear, never in place of another file: STATUS_EXISTS when the name is taken. Two writers
 * cannot both win. The content is on disk before the name is, and the name before this returns.
 */
enum status newfile_create(struct newfile *file, struct error *err);

/*
 * Whether all that was written has been taken: NFS says only when a file is closed that there was no room for it.
 * The file stays open.
 */
enum status newfile_settle(struct newfile *file, struct error *err);

/*
 * Makes it appear in place of whatever has the name. Nothing is synced: for files of which
 * PostgreSQL syncs those it keeps (durable_rename in KeepFileRestoredFromArchive, xlogarchive.c).
 */
enum status newfile_replace(struct newfile *file, struct error *err);

/* As newfile_replace, and as newfile_create: the content is on disk before the name is, and the name before it returns.
 */
enum status newfile_replace_durably(struct newfile *file, struct error *err);

/* Lets go; without create or replace no file remains. Leaves the zero state. */
void newfile_fini(struct newfile *file);

/* fsync of an open directory; file systems that have no such thing are taken at their word (as fsync_fname does). */
enum status dir_sync(int dir_fd, const char *path, struct error *err);

#endif
