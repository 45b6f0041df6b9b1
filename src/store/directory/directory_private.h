/* Shared by the files of the directory store. */
#ifndef WALSHIP_STORE_DIRECTORY_DIRECTORY_PRIVATE_H
#define WALSHIP_STORE_DIRECTORY_DIRECTORY_PRIVATE_H

#include <limits.h>

#include "store/store.h"

struct directory {
	struct store store;
	char root[PATH_MAX];
};

enum status directory_path(const struct directory *directory, const char *name, char out[PATH_MAX], struct error *err);

/* Maps a failed system call on the repository to a status and a hint. */
enum status directory_error(struct error *err, int errno_value, const char *verb, const char *path);

/* The root is not there, or cannot be looked at. */
enum status directory_no_root(const struct directory *directory, int errno_value, struct error *err);

enum status directory_check_deadline(const struct call *call, const char *verb, const char *path, struct error *err);

/* Syncs a directory of this path, so that a removal in it is durable. */
enum status directory_sync(const char *path, struct error *err);

/* Opens the file of an object for reading. STATUS_MISSING. */
enum status directory_open(const struct directory *directory, const char *name, char path[PATH_MAX], int *fd,
			   struct error *err);

/* The operations of the store, one file each. */
enum status directory_read_ranges(struct store *store, const struct call *call, const char *name,
				  const struct store_ranges *ranges, struct error *err);
enum status directory_remove(struct store *store, const struct call *call, const struct store_removal *removal,
			     struct error *err);

#endif
