/* The WAL of a backup, without which nobody can use it. */
#ifndef WALSHIP_BACKUP_WAL_WAIT_H
#define WALSHIP_BACKUP_WAL_WAIT_H

#include "catalog/manifest.h"
#include "repo/repository.h"

/*
 * Waits until every segment from the manifest's start_lsn to its stop_lsn is in the repository, timeout_ms at most.
 * STATUS_INCOMPLETE, with the first segment that is missing.
 */
enum status wal_wait(struct repository *repo, const struct call *call, const struct manifest *manifest,
		     int64_t timeout_ms, struct error *err);

#endif
