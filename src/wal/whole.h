/* Whether all of a segment has been written. */
#ifndef WALSHIP_WAL_WHOLE_H
#define WALSHIP_WAL_WHOLE_H

#include "wal/name.h"

/*
 * Reads the segment at path, record by record, to its end or to the XLOG_SWITCH that ended it. STATUS_CONFLICT where
 * it stops before, and says where: it was cut off, or copied while it was written. STATUS_LOCAL when it cannot be read.
 */
enum status wal_whole_check(const char *path, const struct wal_name *name, uint64_t system_id, uint64_t segment_bytes,
			    struct error *err);

#endif
