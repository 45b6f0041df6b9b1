#include "formats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/cmocka.h"
#include "support/collect.h"

const struct implementation implementations[] = {
    {"zlib", "gzip", 1, 9, CODEC_PIECE_BYTES, zlib_compressor, zlib_decompressor},
#ifdef WALSHIP_ISAL
    {"isal", "gzip", 1, ISAL_LEVEL_MAX, CODEC_PIECE_BYTES, isal_compressor, isal_decompressor},
#endif
    {"gzip", "gzip", 1, 9, CODEC_PIECE_BYTES, gzip_compressor, gzip_decompressor},
#ifdef WALSHIP_ZSTD
    {"zstd", "zstd", 1, 9, CODEC_BLOCK_MAX, zstd_compressor, zstd_decompressor},
#endif
#ifdef WALSHIP_LZ4
    {"lz4", "lz4", 1, 9, CODEC_PIECE_BYTES, lz4_compressor, lz4_decompressor},
#endif
};
const struct implementation *const implementations_end =
    implementations + sizeof implementations / sizeof implementations[0];

struct buffer pack(const struct implementation *by, int level, const struct buffer *plain)
{
	struct compressor *compressor;
	struct error err;
	size_t room = plain->len + CODEC_GROWTH_MAX;
	struct buffer out = {.data = malloc(room), .capacity = room};
	struct block block = {.in = plain->data, .in_len = plain->len, .out = out.data, .out_size = room};
	assert_non_null(out.data);
	enum status st = by->compressor(&compressor, level, &err);
	assert_ok(st, err);
	/* Twice: nothing of a block goes into the next. */
	for (int i = 0; i < 2; i++) {
		st = compressor_run(compressor, &block, &err);
		if (st)
			fail_msg("%s -%d: %s", by->name, level, err.text);
		assert_true(i == 0 || out.len == block.out_len);
		out.len = block.out_len;
	}
	compressor_free(compressor);
	return out;
}

struct buffer pack_in_pieces(const struct implementation *by, int level, const struct buffer *plain)
{
	struct compressor *compressor;
	struct error err;
	size_t room = plain->len + CODEC_GROWTH_MAX;
	struct buffer out = {.data = malloc(room), .capacity = room};
	assert_non_null(out.data);
	enum status st = by->compressor(&compressor, level, &err);
	assert_ok(st, err);
	for (size_t done = 0, piece; done < plain->len; done += piece) {
		piece = plain->len - done < CODEC_INPUT_BYTES ? plain->len - done : CODEC_INPUT_BYTES;
		struct block block = {.in = plain->data + done,
				      .in_len = piece,
				      .more = done + piece < plain->len,
				      .out = out.data + out.len,
				      .out_size = room - out.len};
		st = compressor_run(compressor, &block, &err);
		assert_ok(st, err);
		out.len += block.out_len;
	}
	compressor_free(compressor);
	return out;
}

enum status unpack(const struct implementation *by, const struct buffer *packed, struct buffer *out, struct error *err)
{
	struct decompressor *decompressor;
	struct collect content = {0};
	struct sink *sink = collect_new(&content);
	uint8_t *copy = malloc(packed->len);
	struct packed in = {.data = copy, .len = packed->len, .content_max = CODEC_BLOCK_MAX};
	assert_true(copy != NULL || packed->len == 0);
	if (packed->len > 0)
		memcpy(copy, packed->data, packed->len);
	enum status st = by->decompressor(&decompressor, err);
	assert_ok(st, *err);
	st = decompressor_run(decompressor, &in, sink, err);
	*out = content.bytes;
	assert_true(out->len <= CODEC_BLOCK_MAX);
	assert_true(content.longest_write <= by->longest_write);
	assert_int_equal(in.content_len, out->len);
	decompressor_free(decompressor);
	sink_free(sink);
	free(copy);
	return st;
}

void assert_unpacks(const struct implementation *by, const struct buffer *packed, const struct buffer *plain)
{
	struct buffer out;
	struct error err = {0};
	enum status st = unpack(by, packed, &out, &err);
	if (st)
		fail_msg("%s: %s", by->name, err.text);
	assert_int_equal(out.len, plain->len);
	if (plain->len > 0)
		assert_memory_equal(out.data, plain->data, plain->len);
	buffer_fini(&out);
}

struct buffer from_shell(const char *command, const struct buffer *in)
{
	struct buffer out = {0};
	struct error err;
	char path[] = "/tmp/walship-test-XXXXXX";
	char line[512];
	char chunk[4096];
	size_t got;
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	if (in != NULL)
		assert_true(write(fd, in->data, in->len) == (ssize_t)in->len);
	assert_int_equal(close(fd), 0);
	assert_true(snprintf(line, sizeof line, "{ %s ; } <%s", command, path) < (int)sizeof line);
	FILE *pipe = popen(line, "r");
	assert_non_null(pipe);
	while ((got = fread(chunk, 1, sizeof chunk, pipe)) > 0)
		assert_int_equal(buffer_append(&out, chunk, got, &err), STATUS_OK);
	int code = pclose(pipe);
	assert_int_equal(unlink(path), 0);
	if (code != 0)
		fail_msg("exit %d: %s", code, command);
	return out;
}

struct buffer numbers(int count)
{
	struct buffer out = {0};
	struct error err;
	for (int i = 1; i <= count; i++)
		assert_int_equal(buffer_printf(&out, &err, "%d\n", i), STATUS_OK);
	return out;
}
