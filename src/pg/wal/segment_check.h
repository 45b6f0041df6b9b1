/* Checks that a segment was written completely. */
#ifndef WALSHIP_PG_WAL_SEGMENT_CHECK_H
#define WALSHIP_PG_WAL_SEGMENT_CHECK_H

#include <stdbool.h>

#include "pg/wal/name.h"

struct segment_check {
	const char *path;
	const struct wal_name *name;
	uint64_t system_id, segment_bytes;
	uint64_t
	    switch_lsn; /* switch point of its timeline in this segment, after which no record is required; 0: none */
	bool newer;     /* out: from a newer PostgreSQL with unknown WAL, so STATUS_CONFLICT proves nothing */
};

/*
 * Reads the segment record by record, to its end or to the final XLOG_SWITCH. STATUS_CONFLICT with the position when
 * the records stop early: the segment was cut off, or copied during writing. STATUS_LOCAL when it cannot be read.
 */
enum status segment_check(struct segment_check *check, struct error *err);

#endif
