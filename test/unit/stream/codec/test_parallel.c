/* Pieces that are compressed concurrently arrive in order, whatever fails on the way. */
#include <stdlib.h>
#include <string.h>

#include "stream/codec/parallel.h"
#include "support/cmocka.h"
#include "support/collect.h"

static struct error err;
static const char *const formats[] = {"gzip", "zstd", "lz4"};

static uint8_t *make_plain(size_t len)
{
	uint8_t *plain = malloc(len + 1);
	assert_non_null(plain);
	/* Compressible, and all pieces differ. */
	for (size_t i = 0; i < len; i++)
		plain[i] = (uint8_t)(i % 61 == 0 ? rand() : (int)(i / 4099));
	return plain;
}

static enum status feed(struct sink *chain, const uint8_t *plain, size_t len, size_t step)
{
	enum status st = STATUS_OK;
	for (size_t at = 0; !st && at < len; at += step)
		st = sink_write(chain, plain + at, len - at < step ? len - at : step, &err);
	return st ? st : sink_finish(chain, &err);
}

static void assert_comes_back(const struct codec *codec, const struct buffer *packed, const uint8_t *plain, size_t len)
{
	struct collect out = {0};
	struct sink *chain = collect_new(&out);
	assert_int_equal(codec->decompress(&chain, &err), STATUS_OK);
	assert_int_equal(sink_write(chain, packed->data, packed->len, &err), STATUS_OK);
	assert_int_equal(sink_finish(chain, &err), STATUS_OK);
	sink_free(chain);
	assert_int_equal(out.bytes.len, len);
	if (len > 0)
		assert_memory_equal(out.bytes.data, plain, len);
	buffer_fini(&out.bytes);
}

static void comes_back_in_order(void **unused)
{
	(void)unused;
	static const size_t lengths[] = {0,
					 1,
					 PARALLEL_PIECE_BYTES - 1,
					 PARALLEL_PIECE_BYTES,
					 PARALLEL_PIECE_BYTES + 1,
					 9 * PARALLEL_PIECE_BYTES + 12345};
	for (size_t f = 0; f < sizeof formats / sizeof formats[0]; f++) {
		const struct codec *codec = codec_by_name(formats[f]);
		for (size_t i = 0; codec->compress != NULL && i < sizeof lengths / sizeof lengths[0]; i++) {
			uint8_t *plain = make_plain(lengths[i]);
			for (unsigned threads = 1; threads <= PARALLEL_THREADS_MAX + 1; threads++) {
				struct collect out = {0};
				struct sink *chain = collect_new(&out);
				assert_int_equal(parallel_compress(&chain, codec, 1, threads, &err), STATUS_OK);
				assert_int_equal(feed(chain, plain, lengths[i], threads * 70001), STATUS_OK);
				sink_free(chain);
				assert_int_equal(out.finished, 1);
				assert_int_equal(out.freed, 1);
				assert_comes_back(codec, &out.bytes, plain, lengths[i]);
				buffer_fini(&out.bytes);
			}
			free(plain);
		}
	}
}

/* With pieces of one size the output does not depend on the number of threads. */
static void threads_do_not_show(void **unused)
{
	(void)unused;
	const size_t len = 4 * PARALLEL_PIECE_BYTES + 77;
	uint8_t *plain = make_plain(len);
	struct collect out[2] = {{.finished = 0}, {.finished = 0}};
	for (unsigned i = 0; i < 2; i++) {
		struct sink *chain = collect_new(&out[i]);
		assert_int_equal(parallel_compress(&chain, codec_by_name("gzip"), 1, i == 0 ? 1 : 4, &err), STATUS_OK);
		assert_int_equal(feed(chain, plain, len, 100000), STATUS_OK);
		sink_free(chain);
	}
	assert_int_equal(out[0].bytes.len, out[1].bytes.len);
	assert_memory_equal(out[0].bytes.data, out[1].bytes.data, out[0].bytes.len);
	buffer_fini(&out[0].bytes);
	buffer_fini(&out[1].bytes);
	free(plain);
}

static void stops_at_what_fails_behind_it(void **unused)
{
	(void)unused;
	const size_t len = 8 * PARALLEL_PIECE_BYTES;
	uint8_t *plain = make_plain(len);
	for (unsigned threads = 1; threads <= 3; threads++) {
		struct collect out = {.fail_with = STATUS_UNREACHABLE, .fail_at = 1};
		struct sink *chain = collect_new(&out);
		assert_int_equal(parallel_compress(&chain, codec_by_name("gzip"), 1, threads, &err), STATUS_OK);
		assert_int_equal(feed(chain, plain, len, 65536), STATUS_UNREACHABLE);
		sink_free(chain);
		assert_int_equal(out.writes_after_failure, 0);
		assert_int_equal(out.finished, 0);
		assert_int_equal(out.freed, 1);
		buffer_fini(&out.bytes);
	}
	free(plain);
}

static enum status broken(struct sink **chain, int level, struct error *error)
{
	(void)chain, (void)level;
	return error_set(error, STATUS_LOCAL, "out of memory for this test");
}

static void passes_on_what_a_thread_says(void **unused)
{
	(void)unused;
	const struct codec codec = {77, "broken", broken, NULL};
	const size_t len = 3 * PARALLEL_PIECE_BYTES;
	uint8_t *plain = make_plain(len);
	for (unsigned threads = 1; threads <= 3; threads++) {
		struct collect out = {0};
		struct sink *chain = collect_new(&out);
		assert_int_equal(parallel_compress(&chain, &codec, 1, threads, &err), STATUS_OK);
		assert_int_equal(feed(chain, plain, len, 65536), STATUS_LOCAL);
		assert_string_equal(err.text, "out of memory for this test");
		sink_free(chain);
		assert_int_equal(out.finished, 0);
		buffer_fini(&out.bytes);
	}
	free(plain);
}

static void free_abandons(void **unused)
{
	(void)unused;
	const size_t len = 5 * PARALLEL_PIECE_BYTES;
	uint8_t *plain = make_plain(len);
	for (size_t fed = 0; fed <= len; fed += len / 5) {
		struct collect out = {0};
		struct sink *chain = collect_new(&out);
		assert_int_equal(parallel_compress(&chain, codec_by_name("gzip"), 1, 2, &err), STATUS_OK);
		assert_int_equal(sink_write(chain, plain, fed, &err), STATUS_OK);
		sink_free(chain);
		assert_int_equal(out.finished, 0);
		assert_int_equal(out.freed, 1);
		buffer_fini(&out.bytes);
	}
	free(plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(comes_back_in_order),
	    cmocka_unit_test(threads_do_not_show),
	    cmocka_unit_test(stops_at_what_fails_behind_it),
	    cmocka_unit_test(passes_on_what_a_thread_says),
	    cmocka_unit_test(free_abandons),
	};
	return cmocka_run_group_tests_name("stream/codec/parallel", tests, NULL, NULL);
}
