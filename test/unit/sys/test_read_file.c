#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "support/cmocka.h"
#include "support/scratch.h"
#include "sys/read_file.h"

static struct scratch dir;
static struct error err;

static int setup(void **unused)
{
	(void)unused;
	scratch_init(&dir);
	scratch_put(&dir, "file", "12345", 5, 0600);
	scratch_put(&dir, "empty", "", 0, 0600);
	return symlink("file", scratch_path(&dir, "link")) != 0 || mkfifo(scratch_path(&dir, "fifo"), 0600) != 0;
}

static int teardown(void **unused)
{
	(void)unused;
	scratch_fini(&dir);
	return 0;
}

static void text_of_a_file(void **unused)
{
	(void)unused;
	static const struct {
		const char *name;
		size_t size;
		enum status expected;
		const char *text;
	} cases[] = {
	    {"file", 6, STATUS_OK, "12345"}, {"file", 64, STATUS_OK, "12345"}, {"file", 5, STATUS_LOCAL, ""},
	    {"file", 1, STATUS_LOCAL, ""},   {"empty", 1, STATUS_OK, ""},      {"none", 64, STATUS_MISSING, ""},
	    {"link", 64, STATUS_LOCAL, ""},  {"", 64, STATUS_LOCAL, ""},       {"fifo", 64, STATUS_OK, ""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[64] = "before";
		const char *path = scratch_path(&dir, cases[i].name);
		assert_int_equal(read_file_text(path, text, cases[i].size, &err), cases[i].expected);
		assert_string_equal(text, cases[i].text);
	}
	char text[5];
	assert_int_equal(read_file_text(scratch_path(&dir, "file"), text, sizeof text, &err), STATUS_LOCAL);
	assert_non_null(strstr(err.text, "/file is larger than 4 bytes"));
}

static void memory_of_the_size_of_a_file(void **unused)
{
	(void)unused;
	char *text;
	assert_ok(read_file_whole(scratch_path(&dir, "file"), 5, &text, &err), err);
	assert_string_equal(text, "12345");
	free(text);
	assert_ok(read_file_whole(scratch_path(&dir, "empty"), 5, &text, &err), err);
	assert_string_equal(text, "");
	free(text);
	assert_int_equal(read_file_whole(scratch_path(&dir, "file"), 4, &text, &err), STATUS_DAMAGED);
	assert_null(text);
	assert_int_equal(read_file_whole(scratch_path(&dir, "none"), 5, &text, &err), STATUS_MISSING);
	assert_int_equal(read_file_whole(scratch_path(&dir, "link"), 5, &text, &err), STATUS_LOCAL);
	assert_int_equal(read_file_whole(dir.path, 1 << 20, &text, &err), STATUS_LOCAL);
	assert_null(text);
}

/* A pipe gives its bytes in pieces. */
static void reads_on_after_a_short_read(void **unused)
{
	(void)unused;
	char out[8] = "";
	int ends[2];
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_DIRECT), 0);
	assert_int_equal(write(ends[1], "ab", 2), 2);
	assert_int_equal(write(ends[1], "cde", 3), 3);
	assert_int_equal(read_file_open(ends[0], out, 4), 4);
	assert_memory_equal(out, "abcd", 4);
	assert_int_equal(write(ends[1], "f", 1), 1);
	assert_int_equal(close(ends[1]), 0);
	assert_int_equal(read_file_open(ends[0], out, sizeof out), 1);
	assert_int_equal(close(ends[0]), 0);
	errno = 0;
	assert_int_equal(read_file_open(-1, out, sizeof out), -1);
	assert_int_equal(errno, EBADF);
}

static void compares_the_whole_file(void **unused)
{
	(void)unused;
	static const struct {
		const char *name, *text;
		bool expected;
	} cases[] = {
	    {"file", "12345", true},   {"file", "12346", false}, {"file", "1234", false},
	    {"file", "123456", false}, {"file", "", false},      {"empty", "", true},
	    {"empty", "1", false},     {"none", "", false},      {"link", "12345", false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (read_file_says(scratch_path(&dir, cases[i].name), cases[i].text, strlen(cases[i].text)) !=
		    cases[i].expected)
			fail_msg("%s is '%s'", cases[i].name, cases[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(text_of_a_file, setup, teardown),
	    cmocka_unit_test_setup_teardown(memory_of_the_size_of_a_file, setup, teardown),
	    cmocka_unit_test_setup_teardown(reads_on_after_a_short_read, setup, teardown),
	    cmocka_unit_test_setup_teardown(compares_the_whole_file, setup, teardown),
	};
	return cmocka_run_group_tests_name("sys/read_file", tests, NULL, NULL);
}
