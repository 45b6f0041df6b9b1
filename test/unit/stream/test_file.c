#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stream/file.h"
#include "support/cmocka.h"
#include "support/collect.h"
#include "support/scratch.h"

#define SIZE 300000 /* more than two chunks */

static struct error err;
static char content[SIZE];
static int fd = -1;

static int setup(void **unused)
{
	(void)unused;
	scratch_init(&test_dir);
	for (size_t i = 0; i < sizeof content; i++)
		content[i] = (char)(i * 7 % 251);
	fd = open(scratch_path(&test_dir, "content"), O_CREAT | O_RDWR, 0600);
	return fd >= 0 && write(fd, content, sizeof content) == (ssize_t)sizeof content ? 0 : -1;
}

static int teardown(void **unused)
{
	(void)unused;
	(void)close(fd);
	scratch_fini(&test_dir);
	return 0;
}

static enum status compare(const char *data, size_t len, size_t piece)
{
	struct sink *sink = NULL;
	enum status st = compare_sink_new(&sink, fd, &err);
	for (size_t done = 0; !st && done < len; done += piece)
		st = sink_write(sink, data + done, len - done < piece ? len - done : piece, &err);
	if (!st)
		st = sink_finish(sink, &err);
	sink_free(sink);
	return st;
}

static void compares_byte_by_byte(void **unused)
{
	(void)unused;
	static const size_t pieces[] = {1, 4093, 131072, SIZE};
	for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
		assert_int_equal(compare(content, SIZE, pieces[i]), STATUS_OK);
		assert_int_equal(compare(content, SIZE - 1, pieces[i]), STATUS_CONFLICT);
		assert_string_equal(err.text, "differs from byte 299999 on");
		content[200000] ^= 1;
		assert_int_equal(compare(content, SIZE, pieces[i]), STATUS_CONFLICT);
		assert_string_equal(err.text, "differs from byte 200000 on");
		content[200000] ^= 1;
	}
	char *longer = test_malloc(SIZE + 1);
	memcpy(longer, content, SIZE);
	longer[SIZE] = 0;
	assert_int_equal(compare(longer, SIZE + 1, 4093), STATUS_CONFLICT);
	assert_string_equal(err.text, "differs from byte 300000 on");
	test_free(longer);
	assert_int_equal(compare("", 0, 1), STATUS_CONFLICT);
	assert_string_equal(err.text, "differs from byte 0 on");
}

static void copies_a_whole_file(void **unused)
{
	(void)unused;
	struct collect state = {0};
	struct sink *sink = collect_new(&state);
	uint64_t bytes;
	assert_int_equal(file_copy(fd, "content", sink, &bytes, &err), STATUS_OK);
	assert_int_equal(bytes, SIZE);
	assert_int_equal(state.finished, 0);
	assert_memory_equal(state.bytes.data, content, SIZE);
	sink_free(sink);
	buffer_fini(&state.bytes);
}

static void copying_passes_on_failures(void **unused)
{
	(void)unused;
	struct collect state = {.fail_with = STATUS_UNREACHABLE, .fail_at = 200000};
	struct sink *sink = collect_new(&state);
	uint64_t bytes;
	assert_int_equal(file_copy(fd, "content", sink, &bytes, &err), STATUS_UNREACHABLE);
	assert_int_equal(file_copy(-1, "content", sink, &bytes, &err), STATUS_LOCAL);
	assert_string_equal(err.text, "read content: Bad file descriptor");
	sink_free(sink);
	buffer_fini(&state.bytes);
	assert_int_equal(compare_sink_new(&sink, -1, &err), STATUS_OK);
	assert_int_equal(sink_write(sink, "x", 1, &err), STATUS_LOCAL);
	assert_int_equal(sink_finish(sink, &err), STATUS_LOCAL);
	sink_free(sink);
}

static void a_file_has_a_bound(void **unused)
{
	(void)unused;
	const char *path = scratch_path(&test_dir, "new");
	struct newfile file;
	struct sink *sink;
	assert_int_equal(newfile_open(&file, path, 0600, &err), STATUS_OK);
	assert_int_equal(file_sink_new(&sink, &file, 5, &err), STATUS_OK);
	assert_int_equal(sink_write(sink, "abc", 3, &err), STATUS_OK);
	assert_int_equal(sink_write(sink, "de", 2, &err), STATUS_OK);
	assert_int_equal(sink_write(sink, "f", 1, &err), STATUS_DAMAGED);
	assert_string_equal(err.text, "the content is longer than any WAL file");
	assert_int_equal(sink_finish(sink, &err), STATUS_OK);
	sink_free(sink);
	assert_int_equal(lseek(file.fd, 0, SEEK_CUR), 5);
	newfile_fini(&file);
	assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(compares_byte_by_byte),
	    cmocka_unit_test(copies_a_whole_file),
	    cmocka_unit_test(copying_passes_on_failures),
	    cmocka_unit_test(a_file_has_a_bound),
	};
	return cmocka_run_group_tests_name("stream/file", tests, setup, teardown);
}
