/*
 * How the content of a frame lies before it is compressed (doc/format.md): as it is, or with the differences of rows in
 * place of the rows of some of PostgreSQL's pages, behind a table that says of which.
 */
#ifndef WALSHIP_FORMAT_ARRANGEMENT_H
#define WALSHIP_FORMAT_ARRANGEMENT_H

#include "pg/data/page.h"
#include "stream/codec/codec.h"
#include "stream/sink.h"

enum arrangement { ARRANGEMENT_NONE = 0, ARRANGEMENT_ROWS = 1 }; /* as in an object's header */

#define FRAME_CONTENT_BYTES (1024UL * 1024)
#define ROW_TABLE_BYTES (FRAME_CONTENT_BYTES / PAGE_BYTES) /* for each block of a frame: page_rows_units */
_Static_assert(FRAME_CONTENT_BYTES + ROW_TABLE_BYTES <= CODEC_BLOCK_MAX, "a codec takes a frame with its table");

/* Returns the bytes at out, which has room for len and ROW_TABLE_BYTES; 0 for no content. len is at most a frame's. */
size_t arrange_rows(uint8_t *out, const uint8_t *content, size_t len);

/* Undoes it, between a decompressor and the sink that the content is for. */
struct row_restorer {
	struct sink sink;  /* takes the arranged content of one frame, at most FRAME_CONTENT_BYTES and the table */
	struct sink *next; /* gets writes that are no longer than those to the sink, or than a page */
	uint8_t table[ROW_TABLE_BYTES];
	uint8_t page[PAGE_BYTES];
	size_t table_len, page_len;
	size_t content_len; /* passed on to next */
};

void row_restorer_begin(struct row_restorer *restorer, struct sink *next);

/* STATUS_DAMAGED: not a whole frame's arranged content. */
enum status row_restorer_end(struct row_restorer *restorer, struct error *err);

#endif
