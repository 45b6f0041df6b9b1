/* One frame: what each byte of it is bound to. The sinks around it have test_seal.c. */
#include <stdlib.h>
#include <string.h>

#include "format/frame.h"
#include "support/cmocka.h"
#include "support/collect.h"
#include "sys/crypto.h"

static const char name[] = "42/wal/00000002.history";
static const char content[] = "what a frame holds, again and again and again";
static struct repository_key key = {.bytes = {1, 2, 3}, .id = {4, 5, 6}};
static struct error err;

static int start(void **unused)
{
	(void)unused;
	enum status st = crypto_start(&err);
	return (int)st;
}

struct room {
	uint8_t content[FRAME_CONTENT_BYTES];
	uint8_t bytes[FRAME_MAX];
};

static struct frame_object object_of(const char *codec, bool encrypted)
{
	static const uint8_t salt[SALT_BYTES] = {7, 8, 9};
	struct frame_object object = {.key = encrypted ? &key : NULL, .name = name};
	header_make(&object.header, codec_by_name(codec), object.key, salt);
	return object;
}

static struct frame seal(const struct frame_object *object, struct room *room, uint64_t number, bool last)
{
	struct frame_coder *sealer;
	struct frame frame = {.number = number,
			      .last = last,
			      .content = room->content,
			      .content_len = strlen(content),
			      .bytes = room->bytes};
	memcpy(room->content, content, strlen(content));
	assert_ok(frame_sealer_new(&sealer, object, 1, &err), err);
	assert_ok(frame_seal(sealer, &frame, &err), err);
	frame_coder_free(sealer);
	return frame;
}

/* The caller frees what comes out. */
static enum status open_frame(const struct frame_object *object, struct frame *frame, struct buffer *out)
{
	struct frame_coder *opener;
	struct collect collected = {0};
	struct sink *sink = collect_new(&collected);
	assert_ok(frame_opener_new(&opener, object, &err), err);
	enum status st = frame_open(opener, frame, sink, &err);
	frame_coder_free(opener);
	sink_free(sink);
	*out = collected.bytes;
	return st;
}

static void opens_what_was_sealed(void **unused)
{
	(void)unused;
	static const char *const codecs[] = {"none", "gzip"};
	struct room *room = malloc(sizeof *room);
	assert_non_null(room);
	for (int i = 0; i < 8; i++) {
		struct frame_object object = object_of(codecs[i % 2], i & 2);
		uint64_t number = i & 4 ? UINT64_MAX : 0;
		struct frame frame = seal(&object, room, number, i & 4);
		frame.last = !(i & 4);
		struct buffer out;
		assert_ok(open_frame(&object, &frame, &out), err);
		assert_int_equal(frame.content_len, strlen(content));
		assert_int_equal(out.len, strlen(content));
		assert_memory_equal(out.data, content, strlen(content));
		assert_int_equal(frame.last, (i & 4) != 0);
		buffer_fini(&out);
	}
	free(room);
}

/* The number, the header (salt, codec), the name and the key. */
static void is_bound_to_its_place(void **unused)
{
	(void)unused;
	struct room *room = malloc(sizeof *room);
	struct repository_key other_key = key;
	assert_non_null(room);
	other_key.bytes[31] ^= 1;
	for (int encrypted = 0; encrypted < 2; encrypted++)
		for (int what = 0; what < 5; what++) {
			struct frame_object object = object_of("gzip", encrypted);
			struct frame frame = seal(&object, room, 3, false);
			struct frame_object other = object;
			frame.number += what == 0;
			other.header.salt[31] ^= what == 1;
			other.header.compression = what == 2 ? codec_by_name("none")->id : other.header.compression;
			other.name = what == 3 ? "43/wal/00000002.history" : name;
			other.key = what == 4 && encrypted ? &other_key : object.key;
			bool same = what == 4 && !encrypted;
			struct buffer out;
			assert_int_equal(open_frame(&other, &frame, &out), same ? STATUS_OK : STATUS_DAMAGED);
			buffer_fini(&out);
			if (!same)
				assert_string_equal(err.text, encrypted
								  ? "not authentic: its HMAC-SHA-256 does not match"
								  : "damaged: its SHA-256 does not match");
		}
	free(room);
}

/* Not even a byte is decrypted or decompressed of what is not authentic. */
static void nothing_is_opened_before_the_tag_is_right(void **unused)
{
	(void)unused;
	struct room *room = malloc(sizeof *room);
	assert_non_null(room);
	struct frame_object object = object_of("gzip", true);
	for (size_t at = 0; at < 60; at++) {
		struct frame frame = seal(&object, room, 0, true);
		room->bytes[at % frame.bytes_len] ^= 0x40;
		struct buffer out;
		assert_int_equal(open_frame(&object, &frame, &out), STATUS_DAMAGED);
		assert_int_equal(out.len, 0);
	}
	free(room);
}

/* Lengths that a head may have. */
static void knows_the_longest_body(void **unused)
{
	(void)unused;
	size_t len;
	static const uint8_t longest[] = {0x00, 0x04, 0x10, 0x80}, longer[] = {0x01, 0x04, 0x10, 0x00};
	assert_int_equal(frame_body_len(longest, &len, &err), STATUS_OK);
	assert_int_equal(len, FRAME_BODY_MAX);
	assert_true(frame_head_is_last(longest));
	assert_int_equal(frame_body_len(longer, &len, &err), STATUS_DAMAGED);
	assert_false(frame_head_is_last(longer));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(opens_what_was_sealed),
	    cmocka_unit_test(is_bound_to_its_place),
	    cmocka_unit_test(nothing_is_opened_before_the_tag_is_right),
	    cmocka_unit_test(knows_the_longest_body),
	};
	return cmocka_run_group_tests_name("format/frame", tests, start, NULL);
}
