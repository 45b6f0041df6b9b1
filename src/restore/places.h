/*
 * Where a restore writes: the data directory, and the directory of each tablespace. Paths of the index lie in the data
 * directory, but for those below pg_tblspc/OID of a tablespace. Nothing follows a symbolic link below a place.
 */
#ifndef WALSHIP_RESTORE_PLACES_H
#define WALSHIP_RESTORE_PLACES_H

#include <sys/stat.h>

#include "restore/tree_restore.h"

struct place {
	const char *oid;       /* of the tablespace; NULL: the data directory */
	const char *directory; /* not owned */
	int fd;                /* -1: the directory does not exist yet, and the restore only plans */
};

struct places {
	struct place *items; /* the data directory first */
	size_t count;
	char version[32];  /* the server's directory in each tablespace, such as PG_15_202209061 */
	bool plans;        /* nothing is changed */
	unsigned mode;     /* of the data directory */
	bool gives;        /* as root: to the owner below */
	struct stat owner; /* the data directory's owner */
};

enum places_purpose {
	PLACES_PLAN,   /* the same checks as for the restore, and no change */
	PLACES_WRITE,  /* makes the directories that are missing */
	PLACES_FINISH, /* the directories have been restored */
};

/*
 * Opens the places. To plan and to write: without delta each is empty; with delta a tablespace's directory is empty or
 * the one that pg_tblspc/OID already leads to. STATUS_USAGE; places_fini whatever happens.
 */
enum status places_open(struct places *places, const struct tree_restore_settings *settings,
			enum places_purpose purpose, struct error *err);
void places_fini(struct places *places);

/* The number of the tablespace with this path, "pg_tblspc/OID"; 0: it is none. */
size_t places_tablespace(const struct places *places, const char *path);

/* The number of the place that a path of the index lies in; *below is the path there. */
size_t places_find(const struct places *places, const char *path, const char **below);

/* Whether pg_tblspc/OID of the data directory, as it is now, leads to the tablespace's directory. */
bool places_is_linked(const struct places *places, size_t tablespace);

/* The number of the place whose directory this is; places->count: of none. */
size_t places_of_directory(const struct places *places, const struct stat *info);

/*
 * Sets the mode, and as root the owner, of a file or a directory that is open; path is for errors. Bits of a mode that
 * are no permissions of owner, group or others are dropped.
 */
enum status places_adopt(const struct places *places, int fd, unsigned mode, const char *path, struct error *err);

/* The mode of files that the restore itself makes: 0600, or 0640 where the data directory is the group's too. */
unsigned places_file_mode(const struct places *places);

/* syncfs(2) of the file system of each place: also reports writes that have failed since the place was opened. */
enum status places_sync(const struct places *places, struct error *err);

#endif
