#include "format/arrangement.h"

#include <string.h>

#include "base/min.h"
#include "pg/data/page_rows.h"

size_t arrange_rows(uint8_t *out, const uint8_t *content, size_t len)
{
	size_t whole = len / PAGE_BYTES;
	if (len == 0)
		return 0;
	memset(out, 0, ROW_TABLE_BYTES);
	for (size_t i = 0; i < whole; i++) {
		const uint8_t *page = content + i * PAGE_BYTES;
		uint8_t *to = out + ROW_TABLE_BYTES + i * PAGE_BYTES;
		out[i] = page_rows_units(page);
		if (out[i] == 0)
			memcpy(to, page, PAGE_BYTES);
		else
			page_rows_to_differences(to, page, out[i]);
	}
	size_t rest = len % PAGE_BYTES;
	if (rest > 0)
		memcpy(out + ROW_TABLE_BYTES + len - rest, content + len - rest, rest);
	return ROW_TABLE_BYTES + len;
}

static enum status refuse(struct error *err)
{
	return error_set(err, STATUS_DAMAGED, "damaged: a frame whose table of rows does not fit its pages");
}

/* How many of these bytes come before the next page whose rows are to be restored. */
static size_t plain_bytes(const struct row_restorer *restorer, size_t len)
{
	size_t block = restorer->content_len / PAGE_BYTES, plain = 0;
	while (plain < len && block < ROW_TABLE_BYTES && restorer->table[block] == 0)
		plain = ++block * PAGE_BYTES - restorer->content_len;
	return size_min(plain, len);
}

static enum status pass_on(struct row_restorer *restorer, const void *data, size_t len, struct error *err)
{
	restorer->content_len += len;
	return sink_write(restorer->next, data, len, err);
}

static enum status end_page(struct row_restorer *restorer, struct error *err)
{
	uint8_t units = restorer->table[restorer->content_len / PAGE_BYTES];
	restorer->page_len = 0;
	return page_rows_from_differences(restorer->page, units) ? pass_on(restorer, restorer->page, PAGE_BYTES, err)
								 : refuse(err);
}

/* Appends to what is kept, up to its size; returns the bytes taken. */
static size_t fill(uint8_t *to, size_t *filled, size_t size, const uint8_t *from, size_t len)
{
	size_t taken = size_min(len, size - *filled);
	memcpy(to + *filled, from, taken);
	*filled += taken;
	return taken;
}

static enum status restore(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct row_restorer *restorer = (struct row_restorer *)sink;
	const uint8_t *next = data;
	enum status st = STATUS_OK;
	size_t taken = fill(restorer->table, &restorer->table_len, ROW_TABLE_BYTES, next, len);
	next += taken;
	len -= taken;
	while (!st && len > 0) {
		if (restorer->content_len == FRAME_CONTENT_BYTES)
			return refuse(err);
		taken = restorer->page_len > 0 ? 0 : plain_bytes(restorer, len);
		if (taken > 0) {
			st = pass_on(restorer, next, taken, err);
		} else {
			taken = fill(restorer->page, &restorer->page_len, PAGE_BYTES, next, len);
			if (restorer->page_len == PAGE_BYTES)
				st = end_page(restorer, err);
		}
		next += taken;
		len -= taken;
	}
	return st;
}

void row_restorer_begin(struct row_restorer *restorer, struct sink *next)
{
	static const struct sink_ops ops = {.write = restore};
	restorer->sink.ops = &ops;
	restorer->next = next;
	restorer->table_len = restorer->page_len = restorer->content_len = 0;
}

enum status row_restorer_end(struct row_restorer *restorer, struct error *err)
{
	bool is_empty = restorer->table_len == 0;
	bool is_whole = restorer->table_len == ROW_TABLE_BYTES && restorer->page_len == 0 && restorer->content_len > 0;
	/* A table may not speak of blocks that are not there, nor of a last one that is no page. */
	for (size_t i = restorer->content_len / PAGE_BYTES; is_whole && i < ROW_TABLE_BYTES; i++)
		is_whole = restorer->table[i] == 0;
	return is_empty || is_whole ? STATUS_OK : refuse(err);
}
