/* Shared by the files of the directory store. */
#ifndef WALSHIP_STORE_DIRECTORY_DIRECTORY_PRIVATE_H
#define WALSHIP_STORE_DIRECTORY_DIRECTORY_PRIVATE_H

#include <limits.h>

#include "store/store.h"

struct directory {
	struct store store;
	char root[PATH_MAX]; /* "" for "/", so that root + '/' + name is a path */
};

/* Puts the path of an object into out. STATUS_USAGE if the name is not valid or the path is too long. */
enum status directory_path(const struct directory *directory, const char *name, char out[PATH_MAX], struct error *err);

/* Opens the file of an object for reading. STATUS_MISSING. */
enum status directory_open(const struct directory *directory, const char *name, char path[PATH_MAX], int *fd,
			   struct error *err);

/* Syncs a directory of this path, so that a change in it is durable. */
enum status directory_sync(const char *path, struct error *err);

/*
 * The operations of the store, one file each.
 */

/* directory_write.c: as store_create. */
enum status directory_create(struct store *store, const struct call *call, const char *name, struct sink **out,
			     struct error *err);

enum status directory_read_ranges(struct store *store, const struct call *call, const char *name,
				  const struct store_ranges *ranges, struct error *err);
enum status directory_remove(struct store *store, const struct call *call, const struct store_removal *removal,
			     struct error *err);

/*
 * directory_fault.c: status, message and hint of a fault.
 */

/* A system call on a path of the repository failed. */
enum status directory_error(struct error *err, int errno_value, const char *verb, const char *path);

/* The root cannot be used. */
enum status directory_no_root(const struct directory *directory, int errno_value, struct error *err);

/* A directory is in the place of an object. */
enum status directory_in_place(struct error *err, const char *path);

/* STATUS_UNREACHABLE when the deadline has passed. */
enum status directory_check_deadline(const struct call *call, const char *verb, const char *path, struct error *err);

/*
 * directory_link.c: symbolic links, by which an operator may have moved a part of the repository to another disk. A
 * link whose target is absent is STATUS_UNREACHABLE: the disk may not be mounted.
 */

/* Whether path, if it is a link, leads to something. STATUS_OK also when there is nothing at path. */
enum status directory_link_check(const char *path, struct error *err);

/*
 * The same for each component of path below the root. A link to an empty directory is STATUS_UNREACHABLE too: the
 * directory may be the mount point. For paths that a call did not find.
 */
enum status directory_links_check(const char *root, const char *path, struct error *err);
/* The same, after a check that the root exists. */
enum status directory_way_check(const struct directory *directory, const char *path, struct error *err);

#endif
