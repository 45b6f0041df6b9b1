/* The WAL of a backup, without which nobody can use it. */
#ifndef WALSHIP_BACKUP_WAL_WAIT_H
#define WALSHIP_BACKUP_WAL_WAIT_H

#include "backup/server.h"
#include "console/progress.h"
#include "repo/repository.h"

struct wal_wait {
	struct repository *repo;
	const struct call *call;
	const struct manifest *manifest;
	const struct backup_server *server; /* asked about its archiver and its timeline while the wait lasts */
	struct progress *progress;
	int64_t timeout_ms;
};

/*
 * Waits until every segment from the manifest's start_lsn to its stop_lsn is in the repository, and opens the first and
 * the last one: the archiver may have another cipher or key than this backup. The terminal shows what it waits for, and
 * the log after 10 s and then each minute.
 *
 * STATUS_INCOMPLETE: a segment is missing when the time is over. STATUS_DAMAGED: a segment cannot be opened.
 * STATUS_UNREACHABLE: the standby has left the timeline of the backup.
 */
enum status wal_wait(const struct wal_wait *wait, struct error *err);

#endif
