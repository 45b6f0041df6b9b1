/*
 * A file that appears under its name only when it is complete. Until then it has no name (O_TMPFILE), so a killed
 * process leaves nothing behind. Where the file system does not support that (NFS, some FUSE), it is a hidden
 * ".walship-*.tmp" in the same directory, which newfile_sweep removes after a kill. After STATUS_LOCAL, errno is that
 * of the failed system call.
 */
#ifndef WALSHIP_SYS_NEWFILE_H
#define WALSHIP_SYS_NEWFILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "walship/error.h"

struct newfile {
	bool open;   /* false in the zero state */
	bool failed; /* a write to it failed: the cause of an error is on its side */
	int dir_fd;  /* the target directory */
	int fd;      /* open for reading and writing */
	char name[NAME_MAX + 1];
	char temp[NAME_MAX + 1]; /* name of the temporary file; "" with O_TMPFILE */
};

/*
 * Starts a new file for path, with this mode less the umask. STATUS_MISSING when the directory does not exist,
 * STATUS_LOCAL when it is not writable.
 */
enum status newfile_open(struct newfile *file, const char *path, mode_t mode, struct error *err);

/*
 * The same in the directory that is open as directory: path is a name there, or below it, and no symbolic link on the
 * way is followed (sys/open_beneath.h).
 */
enum status newfile_open_beneath(struct newfile *file, int directory, const char *path, mode_t mode, struct error *err);

enum status newfile_write(struct newfile *file, const void *data, size_t len, struct error *err);

/*
 * Publishes the file under its name and never replaces another file: STATUS_EXISTS when the name is taken. Of two
 * concurrent writers only one succeeds. STATUS_LOCAL with EOPNOTSUPP: the file system cannot do that. The content is on
 * disk before the name, and the name before this returns.
 */
enum status newfile_create(struct newfile *file, struct error *err);

/* Checks that all writes succeeded: NFS reports a full disk only at close. The file stays open. */
enum status newfile_check_writes(struct newfile *file, struct error *err);

/*
 * Publishes the file under its name and replaces any file of that name. Nothing is synced: PostgreSQL syncs the files
 * that it keeps (durable_rename in KeepFileRestoredFromArchive, xlogarchive.c).
 */
enum status newfile_replace(struct newfile *file, struct error *err);

/* As newfile_replace, with the durability of newfile_create. */
enum status newfile_replace_durably(struct newfile *file, struct error *err);

/* Replaces the file atomically with this content, for this user alone, as newfile_open and newfile_replace do. */
enum status newfile_put(const char *path, const void *data, size_t len, struct error *err);

/*
 * Replaces the file atomically with this content, for readers of other programs: none of them reads half of it, and a
 * collector ignores the temporary name with its leading dot. The umask does not decide who can read it. Nothing is
 * synced. STATUS_LOCAL, with a hint, when that fails.
 */
enum status newfile_publish(const char *path, mode_t mode, const void *data, size_t len, struct error *err);

/* Closes the file. Without create or replace no file remains. Leaves the zero state. */
void newfile_fini(struct newfile *file);

/*
 * Removes this entry of the directory if a killed process of this user left it: a temporary file that is older than a
 * day. No call lasts so long, and no wrong time zone makes clocks differ so much. A writer whose file is removed all
 * the same fails, and never publishes another file. Does nothing, at no cost, for other names.
 */
void newfile_sweep(int dir_fd, const char *name, int64_t now_s);

/* fsync of an open directory. File systems without that operation are trusted (as in fsync_fname). */
enum status dir_sync(int dir_fd, const char *path, struct error *err);

#endif
