/* Whether a server has WAL of a timeline after a position, from its pg_wal alone. */
#ifndef WALSHIP_PG_DATA_BEGUN_H
#define WALSHIP_PG_DATA_BEGUN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether pg_wal has a segment of this timeline that begins after lsn, with a first page of its own: a recycled
 * segment has the page of an older one (InstallXLogFileSegment in xlog.c). False also when pg_wal cannot be read.
 */
bool begun_behind(const char *pg_wal, uint32_t timeline, uint64_t lsn);

#endif
