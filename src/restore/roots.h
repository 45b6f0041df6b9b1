/*
 * Where a restore writes: the data directory, and the directory of each tablespace. Paths of the index lie in the data
 * directory, but for those below pg_tblspc/OID of a tablespace. Nothing follows a symbolic link below a root.
 */
#ifndef WALSHIP_RESTORE_ROOTS_H
#define WALSHIP_RESTORE_ROOTS_H

#include <sys/stat.h>

#include "restore/tree_restore.h"

struct root {
	const char *oid;       /* of the tablespace; NULL: the data directory */
	const char *directory; /* not owned, unless it is moved */
	char *moved;           /* owned: of a tablespace in the data directory, below the new one; else NULL */
	bool is_given;         /* the caller has named the directory */
	int fd;                /* -1: the directory does not exist yet, and the restore only plans */
};

struct roots {
	struct root *items; /* the data directory first */
	size_t count;
	char version[32];  /* the server's directory in each tablespace, such as PG_15_202209061 */
	bool plans;        /* nothing is changed */
	unsigned mode;     /* of the data directory */
	bool gives;        /* as root: to the owner below */
	struct stat owner; /* the data directory's owner */
};

enum roots_purpose {
	ROOTS_PLAN,   /* the same checks as for the restore, and no change */
	ROOTS_WRITE,  /* makes the directories that are missing */
	ROOTS_FINISH, /* the directories have been restored */
};

/*
 * Opens the roots. To plan and to write: without delta each is empty; with delta a tablespace's directory is empty or
 * the one that pg_tblspc/OID already leads to. STATUS_USAGE; roots_fini whatever happens.
 */
enum status roots_open(struct roots *roots, const struct tree_restore_settings *settings, enum roots_purpose purpose,
		       struct error *err);
void roots_fini(struct roots *roots);

/* The number of the tablespace with this path, "pg_tblspc/OID"; 0: it is none. */
size_t roots_tablespace(const struct roots *roots, const char *path);

/* The number of the root that a path of the index lies in; *below is the path there. */
size_t roots_find(const struct roots *roots, const char *path, const char **below);

/* Whether pg_tblspc/OID of the data directory, as it is now, leads to the tablespace's directory. */
bool roots_is_linked(const struct roots *roots, size_t tablespace);

/* The number of the root whose directory this is; roots->count: of none. */
size_t roots_of_directory(const struct roots *roots, const struct stat *info);

/*
 * Sets the mode, and as root the owner, of a file or a directory that is open; path is for errors. Bits of a mode that
 * are no permissions of owner, group or others are dropped.
 */
enum status roots_adopt(const struct roots *roots, int fd, unsigned mode, const char *path, struct error *err);

/* The mode of files that the restore itself makes: 0600, or 0640 where the data directory is the group's too. */
unsigned roots_file_mode(const struct roots *roots);

/* syncfs(2) of the file system of each root: also reports writes that have failed since the root was opened. */
enum status roots_sync(const struct roots *roots, struct error *err);

#endif
