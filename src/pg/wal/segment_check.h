/* Whether all of a segment has been written. */
#ifndef WALSHIP_PG_WAL_SEGMENT_CHECK_H
#define WALSHIP_PG_WAL_SEGMENT_CHECK_H

#include <stdbool.h>

#include "pg/wal/name.h"

struct segment_check {
	const char *path;
	const struct wal_name *name;
	uint64_t system_id, segment_bytes;
	uint64_t
	    left_lsn; /* where its timeline was left, if in this segment: nothing need be behind it; 0: it was not */
	bool newer;   /* out: of a release whose WAL is not known here, so that a STATUS_CONFLICT proves nothing */
};

/*
 * Reads the segment, record by record, to its end or to the XLOG_SWITCH that ended it. STATUS_CONFLICT where it stops
 * before, and says where: it was cut off, or copied while it was written. STATUS_LOCAL when it cannot be read.
 */
enum status segment_check(struct segment_check *whole, struct error *err);

#endif
