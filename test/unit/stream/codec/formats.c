#include "formats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/cmocka.h"

#define SINGLE_MAX 20000 /* byte by byte; more takes too long under valgrind */

const struct implementation implementations[] = {
    {"zlib", "gzip", 1, 9, zlib_compress, zlib_decompress},
#ifdef WALSHIP_ISAL
    {"isal", "gzip", 0, ISAL_LEVEL_MAX, isal_compress, isal_decompress},
#endif
    {"gzip", "gzip", 1, 9, gzip_compress, gzip_decompress},
#ifdef WALSHIP_ZSTD
    {"zstd", "zstd", 1, 9, zstd_compress, zstd_decompress},
#endif
#ifdef WALSHIP_LZ4
    {"lz4", "lz4", 1, 9, lz4_compress, lz4_decompress},
#endif
};
const struct implementation *const implementations_end =
    implementations + sizeof implementations / sizeof implementations[0];

struct buffer pack(const struct implementation *by, int level, const struct buffer *plain)
{
	struct collect state = {0};
	struct sink *chain = collect_new(&state);
	struct error err;
	assert_int_equal(by->compress(&chain, level, &err), STATUS_OK);
	enum status st = sink_write(chain, plain->data, plain->len, &err);
	assert_ok(st, err);
	st = sink_finish(chain, &err);
	assert_ok(st, err);
	sink_free(chain);
	return state.bytes;
}

static enum status write_copy(struct sink *chain, const uint8_t *data, size_t len, struct error *err)
{
	uint8_t *copy = malloc(len);
	assert_non_null(copy);
	memcpy(copy, data, len);
	enum status st = sink_write(chain, copy, len, err);
	free(copy);
	return st;
}

enum status unpack(const struct implementation *by, const struct buffer *packed, size_t piece, struct buffer *out,
		   struct error *err)
{
	struct collect state = {0};
	struct sink *chain = collect_new(&state);
	enum status st = by->decompress(&chain, err);
	for (size_t done = 0; !st && done < packed->len; done += piece)
		st = write_copy(chain, (const uint8_t *)packed->data + done,
				packed->len - done < piece ? packed->len - done : piece, err);
	if (!st)
		st = sink_finish(chain, err);
	assert_int_equal(state.finished, st == STATUS_OK);
	sink_free(chain);
	*out = state.bytes;
	return st;
}

void assert_unpacks(const struct implementation *by, const struct buffer *packed, const struct buffer *plain)
{
	static const size_t pieces[] = {1, 37, 16384, SIZE_MAX / 2};
	for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
		struct buffer out = {0};
		struct error err = {0};
		if (pieces[i] == 1 && packed->len > SINGLE_MAX)
			continue;
		enum status st = unpack(by, packed, pieces[i], &out, &err);
		if (st)
			fail_msg("%s, pieces of %zu: %s", by->name, pieces[i], err.text);
		assert_int_equal(out.len, plain->len);
		if (plain->len > 0)
			assert_memory_equal(out.data, plain->data, plain->len);
		buffer_fini(&out);
	}
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
