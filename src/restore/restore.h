/* restore: brings a data directory to any moment that the repository has, from the nearest base backup before it. */
#ifndef WALSHIP_RESTORE_RESTORE_H
#define WALSHIP_RESTORE_RESTORE_H

#include "catalog/label.h"
#include "console/console.h"
#include "pg/wal/name.h"
#include "recovery/target.h"
#include "repo/mirrors.h"
#include "restore/thaw.h"
#include "restore/tree_restore.h"

#define RESTORE_MINIMUM_MAX 512 /* a few names and numbers */

/* What a restore chose and did, for a caller that prints nothing of it. */
struct restore_result {
	uint64_t system_id; /* 0: not known yet */
	bool backups_open;  /* the manifest of at least one backup could be opened */
	bool chosen;        /* backup and timeline are valid */
	bool scan_failed;   /* see scan_ms */
	bool room_checked;  /* there is room: only writing can fail from here on */
	struct backup_label backup;
	int64_t backup_ended_s;
	char target[TARGET_TEXT_MAX];
	uint32_t timeline;
	uint64_t replay_segments;
	uint64_t least_lsn; /* a recovery to the end replays at least up to here: where its last segment begins */
	uint64_t files, bytes, read_bytes, written_bytes;
	int64_t choose_ms, scan_ms, write_ms; /* scan: for new tablespaces, with tablespace_parent */
	char last_segment[WAL_NAME_MAX];      /* of a recovery to the end: what is archived later is not replayed */
	uint64_t server_version;              /* server_version_num */
	bool no_postgresql_conf;              /* the data directory has none, so that the settings below are nowhere */
	char settings[RESTORE_MINIMUM_MAX];   /* lines of settings of the server that was backed up */
};

struct restore_params {
	const struct repository_settings *settings;
	struct mirrors mirrors; /* that a restore goes on to */
	const struct call *call;
	const struct console *console;
	const char *directory; /* the data directory to make */
	uint64_t system_id;    /* 0: of the directory, else of the repository's only cluster */
	const struct target *target;
	const char *backup; /* label; NULL: the newest that ended before the target */
	const struct restored_tablespace *tablespaces;
	size_t tablespace_count;
	/*
	 * Each tablespace goes to a directory there, named by its OID. WAL that creates a tablespace is refused, as
	 * new_tablespaces_refuse says. NULL: as above.
	 */
	const char *tablespace_parent;
	struct restore_result *result; /* is filled, also after a failure, and nothing is printed; NULL: prints */
	unsigned threads;
	uint64_t memory_bytes;
	bool delta, dry_run, force, json;
	bool clone;    /* the server never archives */
	bool takeover; /* it archives as the server that was backed up did, wherever it is restored */
	bool postgres_manifest;
	bool all_timelines;        /* timelines that are set aside count */
	struct thaw_settings thaw; /* of what lies in an archive storage class */
	const char *restore_command;
};

/*
 * Checks everything first, then writes. Prints what it chose and why, and what to do next. One repository serves the
 * whole restore; if it goes away meanwhile, a later mirror that has the same backup takes its place. STATUS_USAGE: the
 * options contradict each other or the directory, or the target needs a choice. STATUS_INCOMPLETE: there is no backup,
 * or WAL is missing up to the target. STATUS_LOCAL: a server runs in the directory, there is not enough room, or it
 * cannot be written. STATUS_UNREACHABLE also when the restore needs objects in an archive storage class.
 */
enum status restore_run(const struct restore_params *params, struct error *err);

#endif
