/* Reads archived WAL for the places that recovery targets refer to, segment by segment. */
#ifndef WALSHIP_RECOVERY_WAL_SCAN_H
#define WALSHIP_RECOVERY_WAL_SCAN_H

#include "base/crc32c.h"
#include "pg/wal/records.h"
#include "repo/repository.h"

struct wal_scan {
	const struct repository *repo;
	const struct call *call; /* each segment takes a step of it */
	uint64_t system_id;
	uint32_t segment_bytes;
	record_mark_fn marked;
	void *arg;
	/* The scan's own; zero at first. */
	struct crc32c crc32c;
	struct records records;
	uint64_t next;            /* segment that continues the records; 0: none */
	uint64_t segments, bytes; /* out: that were read */
};

/*
 * Reports the marks of a segment in order. A segment that follows the last one goes on with its last record, and else a
 * record that began before the segment is left out, as is the last record when its end lies in the next segment.
 * STATUS_MISSING: the segment is not in the archive. STATUS_DAMAGED: it cannot be opened, or its records end early:
 * recovery would not come further.
 */
enum status wal_scan_segment(struct wal_scan *scan, uint32_t timeline, uint64_t number, struct error *err);

#endif
