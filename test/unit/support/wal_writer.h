/* WAL made up for tests, as PostgreSQL 15 lays it out: records over pages and segments, each with its CRC. */
#ifndef TEST_SUPPORT_WAL_WRITER_H
#define TEST_SUPPORT_WAL_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/crc32c.h"

#define WAL_WRITER_PAGE 8192

struct wal_writer {
	struct buffer bytes; /* from begin_lsn on */
	struct crc32c crc32c;
	uint64_t begin_lsn;
	uint64_t previous; /* of the last record */
	uint32_t timeline;
	uint32_t segment_bytes;
	uint64_t system_id;
};

/* At the beginning of a segment. wal_writer_fini after use. */
void wal_writer_init(struct wal_writer *writer, uint32_t timeline, uint64_t begin_lsn, uint32_t segment_bytes);
void wal_writer_fini(struct wal_writer *writer);

uint64_t wal_writer_lsn(const struct wal_writer *writer);

/* A record with so many bytes behind its header. Returns where it begins. */
uint64_t wal_writer_record(struct wal_writer *writer, size_t data_bytes);

/* XLOG_PARAMETER_CHANGE with this wal_level, as PostgreSQL 12 and later write it. Returns where it begins. */
uint64_t wal_writer_level(struct wal_writer *writer, uint32_t wal_level);

/* The end of a transaction, at this time (UTC, since 1970). Returns where it begins. */
uint64_t wal_writer_commit(struct wal_writer *writer, uint32_t xid, int64_t time_us);
uint64_t wal_writer_abort(struct wal_writer *writer, uint32_t xid, int64_t time_us);

/* Returns where it begins. */
uint64_t wal_writer_restore_point(struct wal_writer *writer, const char *name, int64_t time_us);

/* The first record of a timeline after a promotion. Returns where it begins. */
uint64_t wal_writer_end_of_recovery(struct wal_writer *writer, int64_t time_us);

/* CREATE TABLESPACE with this directory; "": in place. Returns where it begins. */
uint64_t wal_writer_tablespace(struct wal_writer *writer, const char *location);

/* XLOG_SWITCH, and zeros to the segment's end. */
void wal_writer_switch(struct wal_writer *writer);

/* Records until the segment that contains lsn is full; the last one may go on in the next. */
void wal_writer_fill(struct wal_writer *writer, uint64_t lsn, size_t data_bytes);

#endif
