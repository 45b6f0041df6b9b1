/* Frames whose pages have the differences of their rows: what comes back, in any pieces, and what is refused. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "format/arrangement.h"
#include "support/cmocka.h"
#include "support/collect.h"
#include "support/index_page.h"

static struct error err;
static uint8_t content[FRAME_CONTENT_BYTES], arranged[FRAME_CONTENT_BYTES + ROW_TABLE_BYTES + 1];

/* Each third block is a page of an index on a number; the others are text. */
static int setup(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof content; i++)
		content[i] = (uint8_t)((size_t) "never the same river "[i % 21] + i / 1000);
	for (size_t block = 0; block < ROW_TABLE_BYTES; block += 3)
		index_page_make(content + block * PAGE_BYTES);
	return 0;
}

/* Writes the arranged bytes in pieces of this length. out is the caller's to fini. */
static enum status restored(size_t len, size_t piece, struct buffer *out)
{
	struct collect state = {0};
	struct sink *sink = collect_new(&state);
	struct row_restorer restorer;
	enum status st = STATUS_OK;
	row_restorer_begin(&restorer, sink);
	for (size_t at = 0; !st && at < len; at += piece)
		st = sink_write(&restorer.sink, arranged + at, len - at < piece ? len - at : piece, &err);
	if (!st)
		st = row_restorer_end(&restorer, &err);
	assert_int_equal(restorer.content_len, state.bytes.len);
	assert_int_equal(state.finished, 0);
	sink_free(sink);
	*out = state.bytes;
	return st;
}

static void comes_back_in_any_pieces(void **unused)
{
	(void)unused;
	static const size_t lengths[] = {
	    0, 1, 100, 8191, 8192, 8193, 24576, 100000, FRAME_CONTENT_BYTES - 1, FRAME_CONTENT_BYTES};
	static const size_t pieces[] = {1, 127, 8192, 10007, 65536, sizeof arranged};
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
		for (size_t n = 0; n < sizeof pieces / sizeof *pieces; n++) {
			CLEANUP(buffer_fini) struct buffer out = {0};
			size_t len = arrange_rows(arranged, content, lengths[i]);
			assert_int_equal(len, lengths[i] == 0 ? 0 : lengths[i] + ROW_TABLE_BYTES);
			assert_ok(restored(len, pieces[n], &out), err);
			assert_int_equal(out.len, lengths[i]);
			if (out.len > 0)
				assert_memory_equal(out.data, content, out.len);
		}
	/* The test would show nothing if no page were taken. */
	(void)arrange_rows(arranged, content, sizeof content);
	for (size_t block = 0; block < ROW_TABLE_BYTES; block++)
		assert_int_equal(arranged[block], block % 3 == 0 ? INDEX_PAGE_ROW_UNITS : 0);
}

static void refused(size_t len)
{
	static const size_t pieces[] = {1, 5000, sizeof arranged};
	for (size_t n = 0; n < sizeof pieces / sizeof *pieces; n++) {
		CLEANUP(buffer_fini) struct buffer out = {0};
		assert_int_equal(restored(len, pieces[n], &out), STATUS_DAMAGED);
		assert_non_null(strstr(err.text, "table of rows"));
		assert_true(out.len <= FRAME_CONTENT_BYTES);
	}
}

static void what_is_no_whole_frame_is_refused(void **unused)
{
	(void)unused;
	size_t len = arrange_rows(arranged, content, 3 * PAGE_BYTES + 100);
	refused(1);
	refused(ROW_TABLE_BYTES);
	refused(ROW_TABLE_BYTES + PAGE_BYTES - 1); /* in a page with rows */
	arranged[3] = 2;                           /* of a last block that is no page */
	refused(len);
	arranged[3] = 0;
	arranged[4] = 2; /* of a block that is not there */
	refused(len);
	arranged[4] = 0;
	arranged[1] = 2; /* of what has no rows */
	memset(arranged + ROW_TABLE_BYTES + PAGE_BYTES, 0xFF, PAGE_BYTES);
	refused(len);
	(void)arrange_rows(arranged, content, FRAME_CONTENT_BYTES);
	refused(FRAME_CONTENT_BYTES + ROW_TABLE_BYTES + 1);
	memset(arranged, 0, ROW_TABLE_BYTES);
	refused(FRAME_CONTENT_BYTES + ROW_TABLE_BYTES + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(comes_back_in_any_pieces, setup),
	    cmocka_unit_test_setup(what_is_no_whole_frame_is_refused, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
