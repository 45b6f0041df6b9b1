/* restore: brings a data directory to any moment that the repository has, from the nearest base backup before it. */
#ifndef WALSHIP_RESTORE_RESTORE_H
#define WALSHIP_RESTORE_RESTORE_H

#include "console/console.h"
#include "recovery/target.h"
#include "repo/mirrors.h"
#include "restore/tree_restore.h"

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
	unsigned threads;
	uint64_t memory_bytes;
	bool delta, dry_run, force, json;
	bool clone;    /* the server never archives */
	bool takeover; /* it archives as the server that was backed up did, wherever it is restored */
	bool postgres_manifest;
	bool all_timelines; /* timelines that are set aside count */
	const char *restore_command;
};

/*
 * Checks everything first, then writes. Prints what it chose and why, and what to do next. One repository serves the
 * whole restore; if it goes away meanwhile, a later mirror that has the same backup takes its place. STATUS_USAGE: the
 * options contradict each other or the directory, or the target needs a choice. STATUS_INCOMPLETE: there is no backup,
 * or WAL is missing up to the target. STATUS_LOCAL: a server runs in the directory, there is not enough room, or it
 * cannot be written.
 */
enum status restore_run(const struct restore_params *params, struct error *err);

#endif
