/*
 * drill: a recovery that is rehearsed. Restores a backup into a directory of its own, lets the server's own programs
 * recover it there, checks what came out of it, removes everything and keeps a report in the repository.
 *
 * Nothing here can touch the real cluster: the copy has another directory, another directory for each tablespace, a
 * private socket and no TCP; it does not archive, follows no primary, uses no slot, and runs no background worker, so
 * that no subscription and no scheduled job of an extension starts in it.
 */
#ifndef WALSHIP_DRILL_DRILL_H
#define WALSHIP_DRILL_DRILL_H

#include "console/console.h"
#include "repo/cluster_id.h"
#include "repo/settings.h"

struct drill_params {
	const struct repository_settings *settings;
	const struct call *call; /* each part takes a step of it */
	const struct console *console;
	struct cluster_hint cluster; /* none: the repository's only cluster */
	const char *directory;       /* drill-dir */
	const char *pg_bindir;       /* of the server's programs; NULL: looked for */
	const char *target_time;     /* as for target_time_parse; NULL: the end of the archived WAL */
	bool random;                 /* a random moment of the newest recoverable window instead */
	bool keep;                   /* the copy stays, stopped */
	bool json;
	const char *const *sql; /* "FILE" or "DATABASE=FILE" */
	size_t sql_count;
	int64_t restore_step_ms; /* of the restore's steps: the store must answer within it */
	unsigned threads;
	uint64_t memory_bytes;
	bool all_timelines;          /* timelines that are set aside count */
	const char *restore_command; /* as the server runs it */
	const char *const *environment;
};

/*
 * Prints the report, and stores it as "<system id>/drill/<label>". The status is that of the first finding:
 * STATUS_INCOMPLETE: WAL or a backup is missing. STATUS_DAMAGED: an object, a page or an index is damaged, or a
 * statement failed. STATUS_LOCAL: this machine lacks room, a program or a library. STATUS_USAGE: the options, or a key
 * that is missing. The hint says what the finding means for a real recovery.
 *
 * As root, the process becomes the owner of the directory for good.
 */
enum status drill_run(const struct drill_params *params, struct error *err);

#endif
