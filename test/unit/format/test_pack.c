#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "format/pack.h"
#include "format/seal.h"
#include "support/cmocka.h"
#include "support/collect.h"
#include "support/index_page.h"

#define NAME "7601921254259666965/backup/20261129T064210Z-full/data/00000001"
#define FRAMES 5

static struct error err;
static struct keyring ring;
static struct buffer object;        /* a pack of FRAMES frames */
static struct object_header header; /* and what an index keeps of it */
static struct pack_place places[FRAMES];
static uint8_t contents[FRAMES][FRAME_CONTENT_BYTES];
static const size_t lengths[FRAMES] = {1, 8192, FRAME_CONTENT_BYTES, 100, FRAME_CONTENT_BYTES - 1};

static bool has_pages;

static int setup(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < REPOSITORY_KEY_BYTES; i++)
		ring.keys[0].bytes[i] = (uint8_t)i;
	memset(ring.keys[0].id, 1, KEY_ID_BYTES);
	ring.count = 1;
	uint32_t state = 1;
	for (size_t i = 0; i < FRAMES; i++)
		for (size_t at = 0; at < lengths[i]; at++) {
			state = state * 1664525 + 1013904223;
			contents[i][at] = (uint8_t)(state >> 28);
		}
	index_page_make(contents[2] + 5 * 8192UL);
	index_page_make(contents[4] + 126 * 8192UL);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	keyring_fini(&ring);
	buffer_fini(&object);
	return 0;
}

static struct pack_params params_of(const char *codec, bool encrypted)
{
	struct pack_params params = {.codec = codec_by_name(codec),
				     .level = 1,
				     .has_pages = has_pages,
				     .key = encrypted ? &ring.keys[0] : NULL,
				     .name = NAME};
	memset(params.salt, 7, sizeof params.salt);
	return params;
}

static void make(const char *codec, bool encrypted)
{
	struct collect state = {0};
	struct pack_params params = params_of(codec, encrypted);
	struct pack_writer *writer = NULL;
	struct sink *end = NULL;
	assert_ok(pack_writer_new(&writer, &params, collect_new(&state), &err), err);
	header = *pack_writer_header(writer);
	for (size_t i = 0; i < FRAMES; i++) {
		assert_ok(pack_writer_add(writer, contents[i], lengths[i], &places[i], &err), err);
		assert_int_equal(places[i].number, i);
		assert_int_equal(places[i].offset + places[i].bytes, pack_writer_bytes(writer));
	}
	uint64_t bytes;
	assert_ok(pack_writer_close(writer, &end, &bytes, &err), err);
	assert_int_equal(state.finished, 0);
	assert_ok(sink_finish(end, &err), err);
	sink_free(end);
	buffer_fini(&object);
	object = state.bytes;
	assert_int_equal(object.len, bytes);
}

static struct unseal_params opening(bool encrypted)
{
	return (struct unseal_params){.keys = &ring, .allow_unprotected = !encrypted, .name = NAME};
}

static struct pack_reader *reader_of(bool encrypted)
{
	struct unseal_params params = opening(encrypted);
	struct pack_reader *reader = NULL;
	assert_ok(pack_reader_new(&reader, &header, &params, &err), err);
	return reader;
}

/* Opens the bytes as the frame at place. out is the caller's to fini. */
static enum status open_as(struct pack_reader *reader, const struct pack_place *place, const void *bytes,
			   struct buffer *out)
{
	struct collect state = {0};
	struct sink *sink = collect_new(&state);
	uint8_t *copy = malloc(place->bytes > FRAME_MIN ? place->bytes : FRAME_MIN);
	memcpy(copy, bytes, place->bytes > FRAME_MIN ? place->bytes : FRAME_MIN);
	enum status st = pack_reader_open(reader, place, copy, sink, &err);
	sink_free(sink);
	free(copy);
	*out = state.bytes;
	return st;
}

static void each_frame_opens_alone(void **unused)
{
	(void)unused;
	static const char *const codecs[] = {"none", "gzip"};
	uint32_t sizes[2][2] = {{0}};
	for (size_t n = 0; n < 8; n++) {
		bool encrypted = n % 2 == 1;
		has_pages = n >= 4;
		make(codecs[n / 2 % 2], encrypted);
		/* What is not compressed does not profit. */
		assert_int_equal(header.arrangement, n >= 6 ? ARRANGEMENT_ROWS : ARRANGEMENT_NONE);
		sizes[has_pages][n / 2 % 2] = places[2].bytes;
		struct pack_reader *reader = reader_of(encrypted);
		for (size_t i = FRAMES; i-- > 0;) {
			struct buffer content;
			assert_ok(open_as(reader, &places[i], object.data + places[i].offset, &content), err);
			assert_int_equal(content.len, lengths[i]);
			assert_memory_equal(content.data, contents[i], lengths[i]);
			buffer_fini(&content);
		}
		pack_reader_free(reader);
	}
	assert_true(sizes[1][1] < sizes[0][1]);
	assert_int_equal(sizes[1][0], sizes[0][0]);
}

/* What a hostile store could send instead. */
static void nothing_but_the_frame_at_its_place_opens(void **unused)
{
	(void)unused;
	make("gzip", true);
	struct pack_reader *reader = reader_of(true);
	struct buffer content;
	for (size_t i = 0; i < FRAMES; i++)
		for (size_t j = 0; j < FRAMES; j++) {
			struct pack_place wrong = {places[j].offset, places[j].bytes, places[i].number};
			enum status st = open_as(reader, &wrong, object.data + wrong.offset, &content);
			assert_int_equal(st, i == j ? STATUS_OK : STATUS_DAMAGED);
			assert_true(i == j || content.len == 0);
			buffer_fini(&content);
		}
	uint8_t *frame = object.data + places[1].offset;
	for (size_t bit = 0; bit < (size_t)places[1].bytes * 8; bit += 5) {
		frame[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_int_equal(open_as(reader, &places[1], frame, &content), STATUS_DAMAGED);
		assert_int_equal(content.len, 0);
		buffer_fini(&content);
		frame[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	const uint32_t sizes[] = {0, FRAME_MIN - 1, FRAME_MIN, places[1].bytes - 1};
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct pack_place wrong = {places[1].offset, sizes[i], 1};
		assert_int_equal(open_as(reader, &wrong, frame, &content), STATUS_DAMAGED);
		buffer_fini(&content);
	}
	pack_reader_free(reader);
}

static void a_pack_of_another_name_or_key_does_not_open(void **unused)
{
	(void)unused;
	static const struct keyring no_keys;
	struct pack_reader *reader = NULL;
	struct buffer content;
	make("gzip", true);
	struct unseal_params params = opening(true);
	params.name = "7601921254259666965/backup/20261129T064210Z-full/data/00000002";
	assert_ok(pack_reader_new(&reader, &header, &params, &err), err);
	assert_int_equal(open_as(reader, &places[0], object.data + places[0].offset, &content), STATUS_DAMAGED);
	buffer_fini(&content);
	pack_reader_free(reader);
	params = opening(true);
	params.keys = &no_keys;
	assert_int_equal(pack_reader_new(&reader, &header, &params, &err), STATUS_DAMAGED);
	assert_non_null(strstr(err.text, "is not configured"));
	params = opening(true);
	header.version = 9;
	assert_int_equal(pack_reader_new(&reader, &header, &params, &err), STATUS_DAMAGED);
	make("gzip", false);
	params = opening(true);
	assert_int_equal(pack_reader_new(&reader, &header, &params, &err), STATUS_DAMAGED);
	assert_non_null(strstr(err.text, "not encrypted"));
}

/* Content that cannot be compressed, behind a table: every codec has room for it, at each level. */
static void noise_fits(void **unused)
{
	(void)unused;
	static const char *const codecs[] = {"gzip", "zstd", "lz4"};
	static uint8_t noise[FRAME_CONTENT_BYTES];
	uint64_t state = 1;
	for (size_t i = 0; i < sizeof noise; i++) {
		state = state * 6364136223846793005U + 1442695040888963407U;
		noise[i] = (uint8_t)(state >> 56);
	}
	index_page_make(noise);
	for (size_t n = 0; n < 27; n++) {
		struct collect written = {0};
		struct sink *end = NULL;
		struct pack_writer *writer = NULL;
		struct pack_place place;
		struct buffer content;
		uint64_t bytes;
		has_pages = true;
		struct pack_params params = params_of(codecs[n / 9], true);
		params.level = 1 + (int)(n % 9);
		if (params.codec->compressor == NULL)
			continue;
		assert_ok(pack_writer_new(&writer, &params, collect_new(&written), &err), err);
		header = *pack_writer_header(writer);
		assert_int_equal(header.arrangement, ARRANGEMENT_ROWS);
		assert_ok(pack_writer_add(writer, noise, sizeof noise, &place, &err), err);
		assert_ok(pack_writer_close(writer, &end, &bytes, &err), err);
		struct pack_reader *reader = reader_of(true);
		assert_ok(open_as(reader, &place, written.bytes.data + place.offset, &content), err);
		assert_int_equal(content.len, sizeof noise);
		assert_memory_equal(content.data, noise, sizeof noise);
		buffer_fini(&content);
		pack_reader_free(reader);
		sink_free(end);
		buffer_fini(&written.bytes);
	}
}

static void a_failing_store_ends_the_pack(void **unused)
{
	(void)unused;
	struct pack_params params = params_of("gzip", true);
	for (size_t at = 0; at < 300; at += 50) {
		struct collect state = {.fail_with = STATUS_UNREACHABLE, .fail_at = at};
		struct pack_writer *writer = NULL;
		struct pack_place place;
		struct sink *end = NULL;
		uint64_t bytes;
		enum status st = pack_writer_new(&writer, &params, collect_new(&state), &err);
		if (!st && (st = pack_writer_add(writer, contents[1], 100, &place, &err)) != STATUS_OK)
			pack_writer_free(writer);
		else if (!st && (st = pack_writer_close(writer, &end, &bytes, &err)) == STATUS_OK)
			sink_free(end);
		assert_int_equal(st, STATUS_UNREACHABLE);
		assert_int_equal(state.freed, 1);
		assert_int_equal(state.writes_after_failure, 0);
		buffer_fini(&state.bytes);
	}
}

/* What the whole-object reader makes of the first len bytes. out is the caller's to fini. */
static enum status open_whole(bool is_pack, unsigned threads, size_t len, struct buffer *out)
{
	struct collect state = {0};
	struct unseal_params params = opening(true);
	CLEANUP(sink_freep) struct sink *chain = collect_new(&state);
	params.is_pack = is_pack;
	params.threads = threads;
	assert_ok(unseal_new(&chain, &params, &err), err);
	enum status st = sink_write(chain, object.data, len, &err);
	if (!st)
		st = sink_finish(chain, &err);
	*out = state.bytes;
	return st;
}

/* As verify --read reads a pack; any other reader refuses it, for its frames are short. */
static void opens_as_a_whole(void **unused)
{
	(void)unused;
	for (unsigned n = 0; n < 4; n++) {
		unsigned threads = 1 + n % 2;
		struct buffer content;
		has_pages = n >= 2;
		make("gzip", true);
		size_t at = 0;
		assert_ok(open_whole(true, threads, object.len, &content), err);
		for (size_t i = 0; i < FRAMES; at += lengths[i++])
			assert_memory_equal(content.data + at, contents[i], lengths[i]);
		assert_int_equal(content.len, at);
		buffer_fini(&content);
		assert_int_equal(open_whole(false, threads, object.len, &content), STATUS_DAMAGED);
		buffer_fini(&content);
		/* Cut behind each frame: the last one, which is empty, is missing. */
		for (size_t i = 0; i < FRAMES; i++) {
			assert_int_equal(open_whole(true, threads, places[i].offset + places[i].bytes, &content),
					 STATUS_DAMAGED);
			buffer_fini(&content);
		}
	}
}

/* An object whose last frame has content is not a pack. */
static void another_object_is_no_pack(void **unused)
{
	(void)unused;
	struct collect state = {0};
	struct buffer content;
	CLEANUP(sink_freep) struct sink *chain = collect_new(&state);
	struct seal_params params = {
	    .codec = codec_by_name("gzip"), .level = 1, .threads = 1, .key = &ring.keys[0], .name = NAME};
	assert_ok(seal_new(&chain, &params, &err), err);
	assert_ok(sink_write(chain, "some", 4, &err), err);
	assert_ok(sink_finish(chain, &err), err);
	buffer_fini(&object);
	object = state.bytes;
	assert_int_equal(open_whole(true, 1, object.len, &content), STATUS_DAMAGED);
	buffer_fini(&content);
	assert_ok(open_whole(false, 1, object.len, &content), err);
	buffer_fini(&content);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_frame_opens_alone),
	    cmocka_unit_test(nothing_but_the_frame_at_its_place_opens),
	    cmocka_unit_test(a_pack_of_another_name_or_key_does_not_open),
	    cmocka_unit_test(noise_fits),
	    cmocka_unit_test(a_failing_store_ends_the_pack),
	    cmocka_unit_test(opens_as_a_whole),
	    cmocka_unit_test(another_object_is_no_pack),
	};
	return cmocka_run_group_tests_name("format/pack", tests, setup, teardown);
}
