/*
 * Checks WAL records as their bytes arrive: page headers, lengths, back links and CRCs.
 *
 * The layout is that of PostgreSQL 9.5 and later (access/xlogrecord.h: XLogRecord; access/xlog_internal.h:
 * XLogPageHeaderData). A record begins at a multiple of 8 bytes and continues after the header of the next page. Its
 * CRC covers the data after its header, then the header up to the CRC (ValidXLogRecord in xlogreader.c). Of the data of
 * records only wal_level, and the targets of a recovery, are interpreted.
 */
#ifndef WALSHIP_PG_WAL_RECORDS_H
#define WALSHIP_PG_WAL_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crc32c.h"
#include "pg/wal/record_mark.h"
#include "pg/wal/wal_level.h"
#include "walship/error.h"

#define RECORD_HEADER_BYTES 24
#define PAGE_HEADER_MAX 40

/* Called for a record that recovery targets refer to, once its CRC is checked. */
typedef void (*record_mark_fn)(void *arg, const struct record_mark *mark);

/*
 * The state for a run of consecutive segments of one timeline. A copy of the struct can continue from that position
 * later.
 */
struct records {
	const struct crc32c *crc32c;
	uint64_t system_id;
	uint32_t timeline; /* from the segments' names; pages may have an older one */
	uint32_t segment_bytes;
	uint64_t lsn; /* of the next byte */

	uint32_t page_bytes;
	uint16_t magic; /* of the segment's first page */
	uint32_t page_timeline;
	uint8_t page_header[PAGE_HEADER_MAX];
	size_t page_header_len;
	uint32_t page_left; /* bytes left on this page */

	bool switched;   /* after XLOG_SWITCH: the rest of the segment is unused */
	uint32_t pad;    /* padding bytes before the next record */
	bool in_record;  /* inside a record */
	bool skipped;    /* the record began before this run and is skipped */
	bool continued;  /* the run begins within a record */
	bool may_switch; /* the skipped record may be an XLOG_SWITCH */
	uint64_t record_lsn;
	uint8_t header[RECORD_HEADER_BYTES];
	size_t header_len;
	uint32_t left; /* bytes left of the record; 0 until its length is known */
	uint32_t crc;
	uint64_t previous_lsn; /* of the previous record; 0: unknown */
	bool has_level;        /* the record's data has wal_level, and is kept */
	bool has_mark;         /* likewise, its first bytes, with a time */
	uint8_t data[RECORD_MARK_BYTES];
	size_t data_len;

	uint64_t begun_lsn; /* where the first record of this run begins; 0: none yet */
	uint64_t count;     /* checked records */
	struct wal_level_seen level;

	record_mark_fn marked; /* NULL: not wanted; set it after records_init */
	void *mark_arg;
};

/* Starts before the first byte of the segment at lsn. */
void records_init(struct records *records, const struct crc32c *crc32c, uint64_t system_id, uint32_t timeline,
		  uint64_t lsn, uint32_t segment_bytes);

/*
 * Checks the next bytes. STATUS_CONFLICT with position and reason; do not call it again after that. A first record that
 * began in an earlier segment is skipped.
 */
enum status records_feed(struct records *records, const void *data, size_t len, struct error *err);

/*
 * Whether the first page comes from a newer PostgreSQL than this code knows (by xlp_magic). A failed check proves
 * nothing then.
 */
bool records_are_newer(const struct records *records);

/* Whether the last record is incomplete and continues in the next segment. */
bool records_are_open(const struct records *records);

#endif
