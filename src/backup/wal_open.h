/* Whether an archived segment opens with the keys of a backup. */
#ifndef WALSHIP_BACKUP_WAL_OPEN_H
#define WALSHIP_BACKUP_WAL_OPEN_H

#include "pg/wal/name.h"
#include "repo/repository.h"

/*
 * Reads the header and the first frame of a segment, 1 MiB at most, and opens the frame. STATUS_DAMAGED: its key is not
 * configured, it is not encrypted where the configuration wants that, or it is not authentic. STATUS_OK also where an
 * archive storage class keeps the segment unreadable for now.
 */
enum status wal_open_check(const struct repository *repo, const struct call *call, uint64_t system_id,
			   const struct wal_name *segment, struct error *err);

#endif
