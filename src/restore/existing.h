/*
 * The files that are there before a restore with delta, in step with the index: what the backup does not have is
 * removed on the way. Both are in the order of paths, so that memory is that of the names in a few directories.
 */
#ifndef WALSHIP_RESTORE_EXISTING_H
#define WALSHIP_RESTORE_EXISTING_H

#include <limits.h>

#include "pg/data/names.h"
#include "restore/roots.h"

#define EXISTING_DEPTH_MAX 40 /* of a backup's directories: more than pg/data/tree.c walks */

struct existing_level {
	int fd;
	struct names names;
	size_t next;     /* the first name that has not been looked at */
	size_t path_len; /* of the directory in existing->path */
	bool is_root;    /* the directory of a tablespace */
	bool keeps;      /* what the backup does not have stays: it is not this server's */
};

struct existing {
	const struct roots *roots;
	struct existing_level levels[EXISTING_DEPTH_MAX];
	size_t depth;
	char path[PATH_MAX]; /* of the deepest level, as the index has it */
	uint64_t removed;
};

/* Begins with the data directory. existing_fini whatever happens. */
enum status existing_begin(struct existing *existing, const struct roots *roots, struct error *err);
void existing_fini(struct existing *existing);

/*
 * Goes on to a path of the index, and says in *info what is there: st_mode 0 if nothing is, or if it was of another
 * kind and has been removed. A file with other names too (a hard link) counts as of another kind, because those must
 * not change; so does a file that its owner cannot read and write. For a tablespace, pg_tblspc/OID, it is the link.
 */
enum status existing_seek(struct existing *existing, const char *path, bool is_directory, struct stat *info,
			  struct error *err);

/* Behind the last path of the index. */
enum status existing_end(struct existing *existing, struct error *err);

#endif
