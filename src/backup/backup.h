/*
 * walship backup: makes a base backup of a running server in the repository. The steps are those of PostgreSQL's low
 * level API (PostgreSQL documentation, "Making a Base Backup Using the Low Level API"): begin, copy the files, end, and
 * keep the WAL between the two. The manifest is the last object: without it there is no backup.
 */
#ifndef WALSHIP_BACKUP_BACKUP_H
#define WALSHIP_BACKUP_BACKUP_H

#include "backup/server.h"
#include "console/console.h"
#include "repo/object.h"

struct backup_settings {
	const struct repository_settings *repository;
	struct backup_server_settings server;
	enum backup_type type;
	const char *const *include; /* absolute paths of files and directories that come along */
	size_t include_count;
	bool read_all;   /* also files that look unchanged since the parent */
	bool fast_start; /* checkpoint at once; else spread over the server's checkpoint_completion_target */
	bool json;
	unsigned threads;
	uint64_t memory_bytes; /* at most, for packs and buffers */
	uint64_t pack_bytes;
	uint64_t rate;          /* bytes to read in a second; 0: no limit */
	int64_t reread_ms;      /* read all files when the full backup is older */
	int64_t wal_timeout_ms; /* wait for the WAL of the backup */
	bool holds_packs;       /* the store keeps an object in memory until it is complete, as S3 does */
	struct object_settings object;
};

/*
 * Makes a backup and prints what it is. Of BACKUP_DIFF and BACKUP_INCR without a parent it makes a full one, and says
 * so. STATUS_DAMAGED: the backup is there, and some pages have wrong checksums. Any other failure: there is no backup,
 * and what was stored of it is left for expire.
 */
enum status backup_run(const struct backup_settings *settings, const struct console *console, struct error *err);

#endif
