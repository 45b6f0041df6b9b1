#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stream/codec.h"
#include "support/cmocka.h"
#include "support/collect.h"

static struct error err;

static enum status decompress(const void *data, size_t len, size_t piece, struct collect *state)
{
	struct sink *chain = collect_new(state);
	enum status st = codec_by_name("gzip")->decompress(&chain, &err);
	for (size_t done = 0; !st && done < len; done += piece)
		st = sink_write(chain, (const char *)data + done, len - done < piece ? len - done : piece, &err);
	if (!st)
		st = sink_finish(chain, &err);
	sink_free(chain);
	return st;
}

/* What gzip(1) prints for a shell command's input; the caller frees it. */
static struct buffer from_shell(const char *command)
{
	struct buffer out = {0};
	char chunk[4096];
	size_t got;
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	while ((got = fread(chunk, 1, sizeof chunk, pipe)) > 0)
		assert_int_equal(buffer_append(&out, chunk, got, &err), STATUS_OK);
	assert_int_equal(pclose(pipe), 0);
	return out;
}

static void finds_codecs(void **unused)
{
	(void)unused;
	assert_string_equal(codec_by_id(0)->name, "none");
	assert_string_equal(codec_by_id(1)->name, "gzip");
	assert_int_equal(codec_by_name("gzip")->id, 1);
	assert_null(codec_by_id(77));
	assert_null(codec_by_name("rar"));
}

static void reads_what_gzip_wrote(void **unused)
{
	(void)unused;
	static const char *const commands[] = {
	    "seq 100000 | gzip -1", "seq 100000 | gzip -9",
	    "(seq 50000 | gzip; seq 50001 100000 | gzip -1)", /* two members */
	};
	struct buffer plain = from_shell("seq 100000");
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		for (size_t piece = 1; piece < 100000; piece = piece * 37) {
			struct buffer packed = from_shell(commands[i]);
			struct collect state = {0};
			enum status st = decompress(packed.data, packed.len, piece, &state);
			assert_ok(st, err);
			assert_int_equal(state.bytes.len, plain.len);
			assert_memory_equal(state.bytes.data, plain.data, plain.len);
			buffer_fini(&state.bytes);
			buffer_fini(&packed);
		}
	buffer_fini(&plain);
}

/* A run of one byte unpacks to much more than one chunk: all of it must come out. */
static void unpacks_what_grows_thousandfold(void **unused)
{
	(void)unused;
	struct buffer packed = from_shell("head -c 50000000 /dev/zero | gzip -9");
	struct collect state = {0};
	enum status st = decompress(packed.data, packed.len, packed.len, &state);
	assert_ok(st, err);
	assert_int_equal(state.bytes.len, 50000000);
	buffer_fini(&state.bytes);
	buffer_fini(&packed);
}

static void gzip_reads_what_walship_wrote(void **unused)
{
	(void)unused;
	struct buffer plain = from_shell("seq 100000");
	for (int level = 1; level <= 9; level++) {
		char path[] = "/tmp/walship-test-XXXXXX";
		char command[128];
		struct collect state = {0};
		struct sink *chain = collect_new(&state);
		assert_int_equal(codec_by_name("gzip")->compress(&chain, level, &err), STATUS_OK);
		assert_int_equal(sink_write(chain, plain.data, plain.len, &err), STATUS_OK);
		assert_int_equal(sink_finish(chain, &err), STATUS_OK);
		sink_free(chain);
		int fd = mkstemp(path);
		assert_true(write(fd, state.bytes.data, state.bytes.len) == (ssize_t)state.bytes.len);
		close(fd);
		(void)snprintf(command, sizeof command, "gzip -dc < %s", path);
		struct buffer unpacked = from_shell(command);
		assert_int_equal(unpacked.len, plain.len);
		assert_memory_equal(unpacked.data, plain.data, plain.len);
		unlink(path);
		buffer_fini(&unpacked);
		buffer_fini(&state.bytes);
	}
	buffer_fini(&plain);
}

static void refuses_what_is_not_gzip(void **unused)
{
	(void)unused;
	static const struct {
		const char *data;
		size_t len;
	} cases[] = {
	    {"", 0},
	    {"\x1f", 1},
	    {"plain text", 10},
	    {"\x1f\x8b\x08\0\0\0\0\0\0\x03\xff\xff\xff\xff", 14},
	    {"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0junk", 24},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct collect state = {0};
		assert_int_equal(decompress(cases[i].data, cases[i].len, 1000, &state), STATUS_DAMAGED);
		assert_non_null(strstr(err.text, "damaged gzip data"));
		buffer_fini(&state.bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_codecs),
	    cmocka_unit_test(reads_what_gzip_wrote),
	    cmocka_unit_test(unpacks_what_grows_thousandfold),
	    cmocka_unit_test(gzip_reads_what_walship_wrote),
	    cmocka_unit_test(refuses_what_is_not_gzip),
	};
	return cmocka_run_group_tests_name("stream/codec", tests, NULL, NULL);
}
