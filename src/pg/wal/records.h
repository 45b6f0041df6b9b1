/*
 * Reads through the records of WAL, byte by byte as they come: page headers, lengths, links and the CRC of each.
 *
 * The layout is that of PostgreSQL 9.5 and later (access/xlogrecord.h: XLogRecord; access/xlog_internal.h:
 * XLogPageHeaderData). A record begins at a multiple of 8 bytes, goes on behind the header of the next page, and its
 * CRC is over what follows its header, and then the header up to the CRC itself (ValidXLogRecord in xlogreader.c).
 * What a record contains is not looked at.
 */
#ifndef WALSHIP_PG_WAL_RECORDS_H
#define WALSHIP_PG_WAL_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crc32c.h"
#include "walship/error.h"

#define RECORD_HEADER_BYTES 24
#define PAGE_HEADER_MAX 40

/* A run of segments, one behind the other, of one timeline. It can be copied, to go on from there later. */
struct records {
	const struct crc32c *crc32c;
	uint64_t system_id;
	uint32_t timeline; /* of the segments' names: pages may be of older ones */
	uint32_t segment_bytes;
	uint64_t lsn; /* of the next byte */

	uint32_t page_bytes;
	uint16_t magic; /* of the segment's first page */
	uint32_t page_timeline;
	uint8_t page_header[PAGE_HEADER_MAX];
	size_t page_header_len;
	uint32_t page_left; /* bytes of this page that are still to come */

	bool switched;   /* an XLOG_SWITCH: the rest of the segment means nothing */
	uint32_t pad;    /* bytes to the next record */
	bool in_record;  /* one has begun */
	bool unknown;    /* it began before the first segment of this run: it is passed over */
	bool may_switch; /* that one ended as an XLOG_SWITCH does */
	uint64_t record_lsn;
	uint8_t header[RECORD_HEADER_BYTES];
	size_t header_len;
	uint32_t left; /* of it; 0 until its length is known */
	uint32_t crc;
	uint64_t previous_lsn; /* of the record before; 0: not known */

	uint64_t begun_lsn; /* where the first record that begins in this run does; 0: none yet */
	uint64_t count;     /* records that were checked */
};

/* Before the first byte of the segment at lsn. */
void records_init(struct records *records, const struct crc32c *crc32c, uint64_t system_id, uint32_t timeline,
		  uint64_t lsn, uint32_t segment_bytes);

/*
 * The next bytes. STATUS_CONFLICT says where and what is wrong; then it is not to be fed any more. The first record,
 * when it began in an earlier segment, is passed over.
 */
enum status records_feed(struct records *records, const void *data, size_t len, struct error *err);

/*
 * Whether the first page is of a release newer than all that this was made for (its xlp_magic): what does not fit may
 * be right there.
 */
bool records_are_newer(const struct records *records);

/* Whether a record has begun that is not complete: its rest is in the next segment. */
bool records_are_open(const struct records *records);

#endif
