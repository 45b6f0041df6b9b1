/* Arranged content: it is refused, or is content that comes back when it is arranged; and so does any other content. */
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "format/arrangement.h"
#include "stream/terminal_sink.h"
#include "target.h"

static uint8_t arranged[FRAME_CONTENT_BYTES + ROW_TABLE_BYTES];

static enum status restored(const uint8_t *data, size_t size, struct buffer *out)
{
	struct buffer_sink end = terminal_sink_buffer(out, FRAME_CONTENT_BYTES);
	struct row_restorer restorer;
	struct error err = {0};
	row_restorer_begin(&restorer, &end.sink);
	enum status st = STATUS_OK;
	for (size_t at = 0; !st && at < size; at += 5000)
		st = sink_write(&restorer.sink, data + at, size - at < 5000 ? size - at : 5000, &err);
	if (!st)
		st = row_restorer_end(&restorer, &err);
	MUST(st == STATUS_OK || (st == STATUS_DAMAGED && err.text[0] != '\0'));
	return st;
}

static void comes_back(const uint8_t *content, size_t len)
{
	CLEANUP(buffer_fini) struct buffer out = {0};
	MUST(restored(arranged, arrange_rows(arranged, content, len), &out) == STATUS_OK);
	MUST(out.len == len && (len == 0 || memcmp(out.data, content, len) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buffer_fini) struct buffer content = {0};
	if (size > FRAME_CONTENT_BYTES)
		return 0;
	comes_back(data, size);
	if (restored(data, size, &content) == STATUS_OK)
		comes_back(content.data, content.len);
	return 0;
}
