/*
 * Before which position no kept base backup needs WAL. A restore needs the WAL from the start of its backup on, on
 * whatever timelines: the position is that of the backup that started first, and holds for all timelines. So a branch
 * keeps its WAL until the branch is older than everything that is kept, and no removal leaves a gap in the WAL.
 */
#ifndef WALSHIP_EXPIRE_WAL_FLOOR_H
#define WALSHIP_EXPIRE_WAL_FLOOR_H

#include "expire/retention.h"

enum wal_floor_kind {
	WAL_FLOOR_KNOWN,
	WAL_FLOOR_NO_BACKUP,     /* no finished backup stays: what uses the WAL is not known */
	WAL_FLOOR_UNKNOWN_START, /* of a backup that stays, by */
	WAL_FLOOR_SIZES,         /* the backups have different values of wal_segment_size: names do not compare */
};

struct wal_floor {
	enum wal_floor_kind kind;
	uint64_t lsn;
	uint32_t segment_bytes;
	const struct listed_backup *by; /* the backup that starts at lsn, or whose start is not known */
};

/* unfinished and verdicts as in retention_decide. */
struct wal_floor wal_floor_of(const struct backup_list *list, const struct unfinished *unfinished,
			      const struct verdict *verdicts);

#endif
