/*
 * Files outside of the data directory that come along with a backup, such as Debian's /etc/postgresql (backup-include).
 * In the index they lie below INCLUDE_DIRECTORY, by their whole path; a restore puts them there.
 */
#ifndef WALSHIP_BACKUP_INCLUDE_H
#define WALSHIP_BACKUP_INCLUDE_H

#include <stddef.h>

#include "pg/data/tree.h"

struct include {
	const char **paths; /* owned array of absolute paths that the configuration owns, in the order of the walk */
	size_t count;
};

/*
 * Sorts a copy of the paths, and drops one that lies in another. STATUS_USAGE: a path is not absolute and plain, or has
 * neither a file nor a directory. include_fini whatever happens.
 */
enum status include_init(struct include *out, const char *const *paths, size_t count, struct error *err);
void include_fini(struct include *include);

/* As tree_walk, for all of them and the directories above them. */
enum status include_walk(const struct include *include, const struct log *log, tree_fn each, void *arg,
			 struct error *err);

/* Where a file of the index is: for openat with the data directory. */
const char *include_place(const char *path);

#endif
