/* Whether a file's content is what its name says, before it is stored and after it came back. */
#ifndef WALSHIP_PG_WAL_CONTENT_H
#define WALSHIP_PG_WAL_CONTENT_H

#include <stddef.h>
#include <stdint.h>

#include "pg/wal/name.h"
#include "walship/error.h"

#define WAL_HEAD_BYTES 8192 /* enough to judge by: one page of WAL, and more than any history's first line */

struct wal_head {
	const uint8_t *bytes; /* the file's first bytes */
	size_t len;           /* min(WAL_HEAD_BYTES, size) */
	uint64_t size;        /* of the whole file */
};

/*
 * Segments and .partial: the long page header's magic, page address and timeline against the name, size against
 * its segment size (access/xlog_internal.h: XLogLongPageHeaderData). The page's timeline may be older than the
 * name's: a new timeline's first segment begins as a copy of the old one (XLogInitNewTimeline in xlog.c).
 * .history and .backup: that they begin as such files do. system_id, if it is not NULL, receives the
 * one in a segment's header, and 0 for the kinds that carry none. STATUS_CONFLICT says what is wrong.
 */
enum status wal_content_check(const struct wal_name *name, const struct wal_head *head, uint64_t *system_id,
			      struct error *err);

#define WAL_PAGE_HEADER_BYTES 40 /* of a segment's first page */

/* wal_segment_size, from a segment's first bytes, WAL_PAGE_HEADER_BYTES at least; 0 when they are no segment's. */
uint32_t wal_content_segment_bytes(const uint8_t *head);

#endif
