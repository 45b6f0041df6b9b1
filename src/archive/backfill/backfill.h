/* Pushes what pg_wal still has and the repository lacks: after a failover, or when archive_status was lost. */
#ifndef WALSHIP_ARCHIVE_BACKFILL_BACKFILL_H
#define WALSHIP_ARCHIVE_BACKFILL_BACKFILL_H

#include "console/console.h"
#include "repo/cluster_id.h"
#include "repo/settings.h"
#include "walship/push.h"

struct backfill_request {
	const struct repository_settings *settings;
	const struct call *call;
	const struct console *console; /* where each file's result goes */
	struct cluster_hint cluster;
	struct push push; /* codec, level and buffer_bytes; backfill sets the rest for each file */
	bool one_by_one;  /* never two files at once */
	bool dry_run;     /* only name the files */
	bool json;        /* lines of JSON instead of text */
};

/*
 * Pushes every finished file of the cluster's pg_wal that the repository lacks, and prints a line for each and a sum.
 * STATUS_USAGE when there is no data directory. Once a file has failed, the status is that of the failure with the
 * highest exit code, and the other files are still tried while the repository can be reached.
 */
enum status backfill_run(const struct backfill_request *request, struct error *err);

#endif
