/* Checks a WAL file's content against its name, before storing and after fetching. */
#ifndef WALSHIP_PG_WAL_CONTENT_H
#define WALSHIP_PG_WAL_CONTENT_H

#include <stddef.h>
#include <stdint.h>

#include "pg/wal/name.h"
#include "walship/error.h"

#define WAL_HEAD_BYTES 8192 /* one page of WAL, and more than the first line of any history file */

struct wal_head {
	const uint8_t *bytes; /* the file's first bytes */
	size_t len;           /* min(WAL_HEAD_BYTES, size) */
	uint64_t size;        /* of the whole file */
};

/*
 * Segments and .partial: checks the long page header's magic, page address and timeline against the name, and the file
 * size against its segment size (access/xlog_internal.h: XLogLongPageHeaderData). The page's timeline may be older than
 * the name's: a new timeline's first segment starts as a copy of the old one (XLogInitNewTimeline in xlog.c). .history
 * and .backup: checks that the content begins like such a file. system_id, if not NULL, receives the system identifier
 * of a segment's header, and 0 for other kinds. STATUS_CONFLICT with the reason when the check fails.
 */
enum status wal_content_check(const struct wal_name *name, const struct wal_head *head, uint64_t *system_id,
			      struct error *err);

#define WAL_PAGE_HEADER_BYTES 40 /* of a segment's first page */

/*
 * Returns wal_segment_size from a segment's first WAL_PAGE_HEADER_BYTES bytes; 0 when they are not a segment's header.
 */
uint32_t wal_content_segment_bytes(const uint8_t *head);

#endif
