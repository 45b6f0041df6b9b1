/* WAL records: whatever comes, in whatever pieces, the same is said of it. */
#include <stdlib.h>
#include <string.h>

#include "pg/wal/records.h"
#include "target.h"

#define SEGMENT_BYTES (1024 * 1024)

/* As if every CRC were right, so that what is behind the first record is reached too: the table is all zeros. */
static const struct crc32c no_crc;

static enum status feed(struct records *records, const uint8_t *data, size_t size, size_t piece, struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t done = 0; !st && done < size; done += piece)
		st = records_feed(records, data + done, size - done < piece ? size - done : piece, err);
	return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[64 * 1024];
	struct error err = {0}, err_pieces = {0};
	struct records whole, pieces;
	data = target_bytes(data, &size, bytes, sizeof bytes);
	records_init(&whole, &no_crc, 42, 1, 3 * SEGMENT_BYTES, SEGMENT_BYTES);
	pieces = whole;
	enum status st = feed(&whole, data, size, size + 1, &err);
	MUST(st == STATUS_OK || (st == STATUS_CONFLICT && err.text[0] != '\0'));
	MUST(feed(&pieces, data, size, 7, &err_pieces) == st);
	MUST(strcmp(err.text, err_pieces.text) == 0);
	MUST(whole.count == pieces.count && whole.begun_lsn == pieces.begun_lsn);
	if (st == STATUS_OK)
		MUST(whole.lsn == 3 * SEGMENT_BYTES + size && records_are_open(&whole) == records_are_open(&pieces));
	return 0;
}
