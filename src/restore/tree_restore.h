/*
 * Makes a data directory from a base backup. The steps are tree_restore_write, then the recovery settings, which are
 * not this module's matter, then tree_restore_finish. Before the last step global/pg_control is missing, so that the
 * server does not start in a directory that is restored in part.
 *
 * Statuses of all functions: STATUS_DAMAGED: an object of the backup is missing or damaged. STATUS_UNREACHABLE: the
 * store. STATUS_LOCAL: a directory or a file of this machine. STATUS_USAGE: the settings, or a directory that is not
 * empty.
 */
#ifndef WALSHIP_RESTORE_TREE_RESTORE_H
#define WALSHIP_RESTORE_TREE_RESTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog/manifest.h"
#include "repo/repository.h"

/* Another place for a tablespace. */
struct restored_tablespace {
	const char *oid;       /* decimal digits */
	const char *directory; /* absolute */
};

struct tree_restore_settings {
	struct repository *repo; /* used by the caller's thread; the workers join it */
	const struct call *call; /* each object, and each pack's ranges, take a step of it */
	const struct manifest *manifest;
	const char *directory; /* the data directory; made if its parent exists */
	/* Tablespaces that are not here go where the backup had them (manifest->tablespaces). */
	const struct restored_tablespace *tablespaces;
	size_t tablespace_count;
	bool delta;             /* keep what is the same in the directory; else it must be empty or missing */
	bool postgres_manifest; /* finish writes backup_manifest, for pg_verifybackup */
	unsigned threads;       /* at least 1; fewer run if memory_bytes does not suffice */
	uint64_t memory_bytes;  /* of buffers; 0: TREE_RESTORE_MEMORY_BYTES */
	int terminal_fd;        /* for progress, as struct console has it; 0: none */
};

#define TREE_RESTORE_PASSES 2 /* tree_restore_plan and tree_restore_write: each reads index, table of packs, hashes */
#define TREE_RESTORE_MEMORY_BYTES (64UL * 1024 * 1024)

/* A file system that the restore writes to. */
struct tree_restore_room {
	const char *directory; /* the first one of the restore that lies there; owned by the settings or the manifest */
	uint64_t device;
	uint64_t needed_bytes;    /* beyond what the files that are there have already */
	uint64_t available_bytes; /* to this user, at the time of the call */
};

struct tree_restore_figures {
	uint64_t files, directories, bytes; /* of the backup; bytes are those of all files, holes too */
	uint64_t read_bytes;                /* of packs, with the gaps between ranges that are read along */
	uint64_t requests; /* for packs, index, table of packs, hashes; with those of tree_restore_plan */
	uint64_t packs;    /* that the restore reads; a pack may be read in two parts */
	uint64_t written_bytes;
	uint64_t removed; /* delta: files and directories that the backup does not have, each tree counted as one */
	struct tree_restore_room *rooms; /* by tree_restore_plan alone; owned */
	size_t room_count;
};

/*
 * Reads the table of packs and the index, and with delta the hashes and the files that are there, and fills *figures
 * with what tree_restore_write would do. Changes nothing. tree_restore_figures_fini whatever happens.
 */
enum status tree_restore_plan(const struct tree_restore_settings *settings, struct tree_restore_figures *figures,
			      struct error *err);

/*
 * Writes everything but global/pg_control, backup_label and tablespace_map, and makes it durable. With delta it removes
 * global/pg_control first of all. As root it gives all files to the owner of the directory, or of its parent if the
 * directory is new. *figures says what was done.
 */
enum status tree_restore_write(const struct tree_restore_settings *settings, struct tree_restore_figures *figures,
			       struct error *err);

/*
 * Writes backup_label and tablespace_map, makes everything below the directory and in the tablespaces durable, and
 * writes global/pg_control, whose checkpoint is made invalid: the server starts from backup_label or not at all.
 */
enum status tree_restore_finish(const struct tree_restore_settings *settings, struct error *err);

/* Leaves the zero state. */
void tree_restore_figures_fini(struct tree_restore_figures *figures);

#endif
