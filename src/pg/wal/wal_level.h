/*
 * What WAL records say about wal_level. An XLOG_PARAMETER_CHANGE record has it (xl_parameter_change in
 * access/xlog_internal.h; PostgreSQL 9.6 and later). Recovery from an archive refuses such a record when its wal_level
 * is minimal (CheckRequiredParameterValues in xlogrecovery.c).
 */
#ifndef WALSHIP_PG_WAL_WAL_LEVEL_H
#define WALSHIP_PG_WAL_WAL_LEVEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WAL_LEVEL_RECORD_BYTES 30 /* the data of an XLOG_PARAMETER_CHANGE record: two bytes, then the struct */

/* The records of a run, taken together. */
struct wal_level_seen {
	bool told;    /* a record has wal_level */
	bool fell;    /* a record has minimal */
	bool minimal; /* the last of these records has minimal */
};

/* Takes the data of an XLOG_PARAMETER_CHANGE record. Data of another layout is ignored. */
void wal_level_see(struct wal_level_seen *seen, const uint8_t *data, size_t len);

#endif
