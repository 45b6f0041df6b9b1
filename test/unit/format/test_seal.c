/*
 * The object format, byte for byte, against objects that test/golden/objects/make wrote from doc/format.md without
 * walship. The environment variable WALSHIP_GOLDEN names their directory.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/seal.h"
#include "format/unseal.h"
#include "support/cmocka.h"
#include "support/collect.h"
#include "text/hex.h"

static const char name[] = "7601921254259666965/wal/00000002.history";
static const char content[] = "1\t0/3000158\tno recovery target specified\n";
static struct keyring ring;
static struct keyring other_ring;
static struct error err;

#define LONG_BYTES (7 * 300000) /* of two frames and a bit: "walship" again and again */

static const struct golden {
	const char *file, *codec;
	bool encrypted;
	bool written_alike; /* zstd's and lz4's are not compressed, and walship's are */
} golden[] = {
    {"none-sha256", "none", false, true},  {"none-aes", "none", true, true},       {"gzip-sha256", "gzip", false, true},
    {"gzip-aes", "gzip", true, true},      {"frames-sha256", "gzip", false, true}, {"frames-aes", "gzip", true, true},
    {"empty-aes", "gzip", true, true},
#ifdef WALSHIP_ZSTD
    {"zstd-sha256", "zstd", false, false}, {"zstd-aes", "zstd", true, false},
#endif
#ifdef WALSHIP_LZ4
    {"lz4-sha256", "lz4", false, false},   {"lz4-aes", "lz4", true, false},
#endif
};
#define GOLDEN_COUNT (sizeof golden / sizeof golden[0])

static struct buffer content_of(const char *file)
{
	struct buffer out = {0};
	if (strncmp(file, "frames", 6) == 0)
		while (out.len < LONG_BYTES)
			assert_int_equal(buffer_append(&out, "walship", 7, &err), STATUS_OK);
	else if (strncmp(file, "empty", 5) != 0)
		assert_int_equal(buffer_append(&out, content, strlen(content), &err), STATUS_OK);
	return out;
}

static struct buffer read_golden(const char *file)
{
	char path[4096];
	char digits[16384];
	size_t len = 0;
	int c;
	(void)snprintf(path, sizeof path, "%s/%s.hex", getenv("WALSHIP_GOLDEN"), file);
	FILE *in = fopen(path, "r");
	if (in == NULL)
		fail_msg("cannot open %s", path);
	while ((c = getc(in)) != EOF && len < sizeof digits)
		if (!isspace(c))
			digits[len++] = (char)c;
	(void)fclose(in);
	struct buffer out = {.data = calloc(1, len / 2 + 1), .len = len / 2, .capacity = len / 2 + 1};
	assert_true(hex_decode(out.data, digits, len / 2));
	return out;
}

static enum status open_as(const struct buffer *object, const struct unseal_params *params, struct collect *state)
{
	struct sink *chain = collect_new(state);
	assert_int_equal(unseal_new(&chain, params, &err), STATUS_OK);
	enum status st = sink_write(chain, object->data, object->len, &err);
	if (!st)
		st = sink_finish(chain, &err);
	assert_int_equal(state->finished, st == STATUS_OK);
	sink_free(chain);
	return st;
}

static enum status open_object(const struct buffer *object)
{
	struct unseal_params params = {.keys = &ring, .allow_unprotected = true, .name = name};
	struct collect state = {0};
	enum status st = open_as(object, &params, &state);
	buffer_fini(&state.bytes);
	return st;
}

static void seals_to_the_golden_bytes(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < GOLDEN_COUNT; i++) {
		if (!golden[i].written_alike)
			continue;
		struct buffer expected = read_golden(golden[i].file);
		struct seal_params params = {.codec = codec_by_name(golden[i].codec),
					     .level = 6,
					     .threads = (unsigned)(1 + i % 3),
					     .name = name};
		struct collect state = {0};
		struct sink *chain = collect_new(&state);
		for (size_t b = 0; b < SALT_BYTES; b++)
			params.salt[b] = (uint8_t)(100 + b);
		params.key = golden[i].encrypted ? &ring.keys[0] : NULL;
		assert_int_equal(seal_new(&chain, &params, &err), STATUS_OK);
		struct buffer plain = content_of(golden[i].file);
		assert_int_equal(sink_write(chain, plain.data, plain.len, &err), STATUS_OK);
		assert_int_equal(sink_finish(chain, &err), STATUS_OK);
		buffer_fini(&plain);
		sink_free(chain);
		assert_int_equal(state.bytes.len, expected.len);
		assert_memory_equal(state.bytes.data, expected.data, expected.len);
		buffer_fini(&state.bytes);
		buffer_fini(&expected);
	}
}

static void opens_the_golden_bytes(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < GOLDEN_COUNT; i++) {
		struct buffer object = read_golden(golden[i].file);
		struct unseal_params params = {.keys = &ring, .allow_unprotected = !golden[i].encrypted, .name = name};
		struct collect state = {0};
		enum status st = open_as(&object, &params, &state);
		assert_ok(st, err);
		struct buffer plain = content_of(golden[i].file);
		assert_int_equal(state.bytes.len, plain.len);
		if (plain.len > 0)
			assert_memory_equal(state.bytes.data, plain.data, plain.len);
		buffer_fini(&plain);
		buffer_fini(&state.bytes);
		buffer_fini(&object);
	}
}

/* Of long objects some: each is opened from its beginning. */
static size_t step_of(const struct buffer *object)
{
	return object->len < 1000 ? 1 : 211;
}

static void every_bit_counts(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < GOLDEN_COUNT; i++) {
		struct buffer object = read_golden(golden[i].file);
		for (size_t bit = 0; bit < 8 * object.len; bit += step_of(&object)) {
			object.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(open_object(&object), STATUS_DAMAGED);
			object.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		assert_int_equal(open_object(&object), STATUS_OK);
		buffer_fini(&object);
	}
}

static void every_length_counts(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < GOLDEN_COUNT; i++) {
		struct buffer object = read_golden(golden[i].file);
		size_t step = step_of(&object);
		for (size_t len = 0; len < object.len; len += step)
			assert_int_equal(open_object(&(struct buffer){.data = object.data, .len = len}),
					 STATUS_DAMAGED);
		assert_int_equal(buffer_append(&object, "", 1, &err), STATUS_OK);
		assert_int_equal(open_object(&object), STATUS_DAMAGED);
		assert_string_equal(err.text, "damaged: bytes follow the last frame");
		buffer_fini(&object);
	}
}

struct place {
	size_t at, len;
};

/* Where the frames of an object lie; how many. */
static size_t find_frames(const struct buffer *object, struct place *out, size_t most)
{
	size_t count = 0;
	for (size_t at = HEADER_BYTES; at < object->len && count < most; count++) {
		size_t body;
		assert_int_equal(frame_body_len(object->data + at, &body, &err), STATUS_OK);
		out[count] = (struct place){at, FRAME_MIN + body};
		at += FRAME_MIN + body;
	}
	return count;
}

/* Header and these frames, in this order. */
static struct buffer arrange(const struct buffer *object, const struct place *frames, const char *order)
{
	struct buffer out = {0};
	assert_int_equal(buffer_append(&out, object->data, HEADER_BYTES, &err), STATUS_OK);
	for (; *order != '\0'; order++) {
		const struct place *frame = &frames[*order - '0'];
		assert_int_equal(buffer_append(&out, object->data + frame->at, frame->len, &err), STATUS_OK);
	}
	return out;
}

/* Moved, repeated, left out, cut off behind a whole frame: with and without a key. */
static void frames_stay_in_their_places(void **unused)
{
	(void)unused;
	static const char *const orders[] = {"",     "0",    "1",    "2",    "01",    "02",    "12",
					     "10",   "21",   "102",  "021",  "210",   "201",   "120",
					     "0012", "0112", "0122", "0120", "01212", "012012"};
	static const char *const files[] = {"frames-aes", "frames-sha256"};
	for (size_t f = 0; f < 2; f++) {
		struct buffer object = read_golden(files[f]);
		struct place frames[3];
		assert_int_equal(find_frames(&object, frames, 3), 3);
		for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
			struct buffer other = arrange(&object, frames, orders[i]);
			if (open_object(&other) != STATUS_DAMAGED)
				fail_msg("%s opens with its frames as %s", files[f], orders[i]);
			buffer_fini(&other);
		}
		struct buffer same = arrange(&object, frames, "012");
		assert_int_equal(open_object(&same), STATUS_OK);
		buffer_fini(&same);
		buffer_fini(&object);
	}
}

/* What has been passed on before the damage is genuine, and the end is never told. */
static void only_genuine_content_is_passed_on(void **unused)
{
	(void)unused;
	struct buffer object = read_golden("frames-aes"), plain = content_of("frames-aes");
	struct place frames[3];
	assert_int_equal(find_frames(&object, frames, 3), 3);
	for (size_t i = 0; i < 3; i++)
		for (unsigned threads = 1; threads <= 3; threads++) {
			struct unseal_params params = {.keys = &ring, .threads = threads, .name = name};
			struct collect state = {0};
			object.data[frames[i].at + 10] ^= 1;
			assert_int_equal(open_as(&object, &params, &state), STATUS_DAMAGED);
			assert_int_equal(state.bytes.len, i * FRAME_CONTENT_BYTES);
			if (i > 0)
				assert_memory_equal(state.bytes.data, plain.data, state.bytes.len);
			object.data[frames[i].at + 10] ^= 1;
			buffer_fini(&state.bytes);
		}
	buffer_fini(&plain);
	buffer_fini(&object);
}

/* An authentic object of frames with these lengths of content. */
static struct buffer object_of_frames(const size_t *lengths, size_t count)
{
	static uint8_t zeros[FRAME_CONTENT_BYTES], bytes[FRAME_MAX];
	static const uint8_t salt[SALT_BYTES];
	struct frame_object object = {.key = &ring.keys[0], .name = name};
	struct buffer out = {0};
	struct frame_coder *sealer;
	header_make(&object.header, codec_by_name("gzip"), object.key, salt);
	assert_ok(frame_sealer_new(&sealer, &object, 1, &err), err);
	assert_ok(buffer_append(&out, &object.header, sizeof object.header, &err), err);
	for (size_t i = 0; i < count; i++) {
		struct frame frame = {
		    .number = i, .last = i + 1 == count, .content = zeros, .content_len = lengths[i], .bytes = bytes};
		assert_ok(frame_seal(sealer, &frame, &err), err);
		assert_ok(buffer_append(&out, frame.bytes, frame.bytes_len, &err), err);
	}
	frame_coder_free(sealer);
	return out;
}

/* One way to write an object: a writer with the key, but another way, is refused. */
static void frames_have_the_lengths_of_their_places(void **unused)
{
	(void)unused;
	static const struct {
		size_t lengths[2], count;
		bool right;
	} cases[] = {
	    {{0}, 1, true},
	    {{5}, 1, true},
	    {{FRAME_CONTENT_BYTES}, 1, true},
	    {{FRAME_CONTENT_BYTES, 1}, 2, true},
	    {{FRAME_CONTENT_BYTES, 0}, 2, false},
	    {{FRAME_CONTENT_BYTES - 1, 1}, 2, false},
	    {{0, 1}, 2, false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (unsigned threads = 1; threads <= 3; threads++) {
			struct unseal_params params = {.keys = &ring, .threads = threads, .name = name};
			struct buffer object = object_of_frames(cases[i].lengths, cases[i].count);
			struct collect state = {0};
			assert_int_equal(open_as(&object, &params, &state),
					 cases[i].right ? STATUS_OK : STATUS_DAMAGED);
			if (!cases[i].right)
				assert_string_equal(
				    err.text, "damaged: a frame has a content length that its place does not allow");
			buffer_fini(&state.bytes);
			buffer_fini(&object);
		}
}

/* The owner's thread passes each piece on at once: no buffer holds the content of a frame. */
static void content_comes_in_pieces(void **unused)
{
	(void)unused;
	struct buffer object = read_golden("frames-aes");
	struct unseal_params params = {.keys = &ring, .threads = 1, .name = name};
	struct collect state = {0};
	assert_int_equal(open_as(&object, &params, &state), STATUS_OK);
	assert_true(state.bytes.len > 2 * FRAME_CONTENT_BYTES && state.longest_write <= CODEC_PIECE_BYTES);
	buffer_fini(&state.bytes);
	buffer_fini(&object);
}

static void a_frame_longer_than_any_is_refused_unread(void **unused)
{
	(void)unused;
	struct buffer object = read_golden("gzip-aes");
	object.data[HEADER_BYTES] = 0x01;
	object.data[HEADER_BYTES + 1] = 0x04;
	object.data[HEADER_BYTES + 2] = 0x10;
	assert_int_equal(open_object(&object), STATUS_DAMAGED);
	assert_string_equal(err.text, "damaged: a frame of 1049601 bytes, but the limit is 1049600");
	buffer_fini(&object);
}

/* Each way an object can be refused, and what the operator reads. */
static void refusals(void **unused)
{
	(void)unused;
	static const struct {
		const char *file;
		size_t at;
		uint8_t value;
		const char *text;
	} cases[] = {
	    {"gzip-aes", 0, 'w', "not a walship object: it does not begin with WALSHIP"},
	    {"gzip-aes", 7, 1, "object format version 1, but this walship reads version 2"},
	    {"gzip-aes", 8, 200, "unknown compression 200"},
	    {"gzip-aes", 10, 2, "unknown arrangement 2"},
	    {"gzip-aes", 10, 1, "not authentic: its HMAC-SHA-256 does not match"},
	    {"gzip-aes", 9, 7, "damaged: the header has values that version 2 does not define"},
	    {"gzip-aes", 12, 1, "damaged: the header has values that version 2 does not define"},
	    {"gzip-sha256", 31, 1, "damaged: the header has values that version 2 does not define"},
	    {"gzip-aes", 8, 0, "not authentic: its HMAC-SHA-256 does not match"},
	    {"gzip-aes", 40, 0, "not authentic: its HMAC-SHA-256 does not match"},
	    {"gzip-aes", 70, 0, "not authentic: its HMAC-SHA-256 does not match"},
	    {"gzip-sha256", 9, 1, "encrypted with key id 00000000000000000000000000000000, which is not configured"},
	    {"gzip-sha256", 90, 0, "damaged: its SHA-256 does not match"},
#ifndef WALSHIP_ZSTD
	    {"zstd-aes", 8, 2, "this walship was built without zstd"},
#endif
#ifndef WALSHIP_LZ4
	    {"lz4-aes", 8, 3, "this walship was built without lz4"},
#endif
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buffer object = read_golden(cases[i].file);
		object.data[cases[i].at] = cases[i].value;
		assert_int_equal(open_object(&object), STATUS_DAMAGED);
		assert_string_equal(err.text, cases[i].text);
		buffer_fini(&object);
	}
}

static void another_name_does_not_authenticate(void **unused)
{
	(void)unused;
	struct buffer object = read_golden("gzip-aes");
	struct unseal_params params = {.keys = &ring, .name = "7601921254259666965/wal/00000003.history"};
	struct collect state = {0};
	assert_int_equal(open_as(&object, &params, &state), STATUS_DAMAGED);
	assert_string_equal(err.text, "not authentic: its HMAC-SHA-256 does not match");
	buffer_fini(&state.bytes);
	buffer_fini(&object);
}

static void a_missing_key_is_named(void **unused)
{
	(void)unused;
	struct buffer object = read_golden("gzip-aes");
	struct unseal_params params = {.keys = &other_ring, .name = name};
	struct collect state = {0};
	assert_int_equal(open_as(&object, &params, &state), STATUS_DAMAGED);
	assert_non_null(strstr(err.text, "encrypted with key id "));
	assert_non_null(strstr(err.hint, "keys configured: 1"));
	buffer_fini(&state.bytes);
	buffer_fini(&object);
}

/* Who can write to the store must not get around encryption by leaving it out. */
static void unprotected_objects_need_consent(void **unused)
{
	(void)unused;
	struct buffer object = read_golden("gzip-sha256");
	struct unseal_params params = {.keys = &ring, .name = name};
	struct collect state = {0};
	assert_int_equal(open_as(&object, &params, &state), STATUS_DAMAGED);
	assert_string_equal(err.text, "not encrypted, but the configuration requires encryption");
	assert_int_equal(state.bytes.len, 0);
	buffer_fini(&state.bytes);
	buffer_fini(&object);
}

static int make_rings(void **unused)
{
	(void)unused;
	uint8_t key[REPOSITORY_KEY_BYTES];
	struct secret secret = {0};
	for (size_t i = 0; i < sizeof key; i++)
		key[i] = (uint8_t)i;
	enum status st = secret_set(&secret, key, sizeof key, &err);
	if (!st)
		st = keyring_add(&ring, &secret, &err);
	if (!st)
		st = secret_set(&secret, "another key of thirty-two bytes!", sizeof key, &err);
	if (!st)
		st = keyring_add(&other_ring, &secret, &err);
	secret_fini(&secret);
	return (int)st;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(seals_to_the_golden_bytes),
	    cmocka_unit_test(opens_the_golden_bytes),
	    cmocka_unit_test(every_bit_counts),
	    cmocka_unit_test(every_length_counts),
	    cmocka_unit_test(frames_stay_in_their_places),
	    cmocka_unit_test(only_genuine_content_is_passed_on),
	    cmocka_unit_test(frames_have_the_lengths_of_their_places),
	    cmocka_unit_test(content_comes_in_pieces),
	    cmocka_unit_test(a_frame_longer_than_any_is_refused_unread),
	    cmocka_unit_test(refusals),
	    cmocka_unit_test(another_name_does_not_authenticate),
	    cmocka_unit_test(a_missing_key_is_named),
	    cmocka_unit_test(unprotected_objects_need_consent),
	};
	return cmocka_run_group_tests_name("format/seal", tests, make_rings, NULL);
}
