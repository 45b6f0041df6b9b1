/*
 * The files of a running server's data directory that belong in a base backup: all but what the server's own base
 * backup leaves out (src/backend/backup/basebackup.c: excludeDirContents, excludeFiles, sendDir).
 *
 * Left out are the content of pg_wal, pg_replslot and other directories that the server fills anew, files of a running
 * server such as postmaster.pid, temporary files and relations, unlogged relations but their init forks, files that are
 * neither plain files nor directories, broken links, links to a directory above, and global/pg_control, which a backup
 * reads last. A tablespace that lies in the data directory is walked as a tablespace only.
 */
#ifndef WALSHIP_PG_DATA_TREE_H
#define WALSHIP_PG_DATA_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/log.h"
#include "walship/error.h"

struct tree_entry {
	const char *path; /* below the data directory, without a leading '/'; valid during the callback only */
	struct stat info; /* of the directory or the file, behind a link */
	const char *link; /* the text of the symbolic link that the path is; NULL: none */
	bool is_directory;
	bool has_checksums;  /* a relation's file, whose pages have checksums where the cluster has them */
	uint32_t first_page; /* with has_checksums: the file's first page in its fork */
};

/* Any status but STATUS_OK ends the walk, which returns it. */
typedef enum status (*tree_fn)(void *arg, const struct tree_entry *entry, struct error *err);

struct tree_options {
	const char *data_directory;
	/* The server's directory in each tablespace, such as PG_15_202209061; others there are of other servers. */
	const char *tablespace_version;
	const struct log
	    *log; /* receives a warning for each entry that is neither file nor directory, and each unusable link */
};

/*
 * As root, it enters only the directories that the owner of the data directory may read (sys/open_as.h).
 *
 * Calls each for every directory and file, a directory before its content, in the order of tree_compare. A file that
 * disappears meanwhile is left out. Tablespaces are walked as directories below pg_tblspc. Memory is that of the names
 * in the directories from the root to the current one.
 *
 * STATUS_LOCAL: a directory cannot be read; a tablespace's link is broken.
 */
enum status tree_walk(const struct tree_options *options, tree_fn each, void *arg, struct error *err);

/* The order of the walk: byte by byte, with '/' before any other byte, so that a directory's content follows it. */
int tree_compare(const char *path, const char *other);

#endif
