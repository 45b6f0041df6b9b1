#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/cmocka.h"
#include "support/scratch.h"
#include "sys/newfile.h"

static struct error err;

static void assert_file(const char *name, const char *expected)
{
	char content[64] = {0};
	int fd = open(scratch_path(&test_dir, name), O_RDONLY);
	assert_true(fd >= 0);
	assert_true(read(fd, content, sizeof content - 1) >= 0);
	close(fd);
	assert_string_equal(content, expected);
}

static void begin(struct newfile *file, const char *content)
{
	enum status st = newfile_open(file, scratch_path(&test_dir, "file"), 0600, &err);
	assert_ok(st, err);
	st = newfile_write(file, content, strlen(content), &err);
	assert_ok(st, err);
}

/* With a hidden name, as on a file system without O_TMPFILE: the result must be the same. */
static void give_name(struct newfile *file)
{
	char link[64];
	(void)strcpy(file->temp, ".walship-test.tmp");
	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", file->fd);
	assert_int_equal(linkat(AT_FDCWD, link, file->dir_fd, file->temp, AT_SYMLINK_FOLLOW), 0);
}

static void appears_when_created(void **unused)
{
	(void)unused;
	for (int named = 0; named < 2; named++) {
		struct newfile one;
		struct newfile two;
		begin(&one, "one");
		if (named)
			give_name(&one);
		assert_int_equal(scratch_entries(&test_dir, ""), named);
		assert_int_equal(newfile_create(&one, &err), STATUS_OK);
		newfile_fini(&one);
		assert_int_equal(scratch_entries(&test_dir, ""), 1);
		begin(&two, "two");
		if (named)
			give_name(&two);
		assert_int_equal(newfile_create(&two, &err), STATUS_EXISTS);
		assert_string_equal(err.text, "file exists");
		newfile_fini(&two);
		assert_file("file", "one");
		assert_int_equal(scratch_entries(&test_dir, ""), 1);
		assert_int_equal(unlink(scratch_path(&test_dir, "file")), 0);
	}
}

static void replaces(void **unused)
{
	(void)unused;
	for (int named = 0; named < 2; named++) {
		struct newfile file;
		for (int there = 0; there < 2; there++) {
			begin(&file, there ? "new" : "old");
			if (named)
				give_name(&file);
			assert_int_equal(newfile_replace(&file, &err), STATUS_OK);
			newfile_fini(&file);
			assert_file("file", there ? "new" : "old");
			assert_int_equal(scratch_entries(&test_dir, ""), 1);
		}
		assert_int_equal(unlink(scratch_path(&test_dir, "file")), 0);
	}
}

static void leaves_nothing_when_abandoned(void **unused)
{
	(void)unused;
	for (int named = 0; named < 2; named++) {
		struct newfile file;
		begin(&file, "x");
		if (named)
			give_name(&file);
		newfile_fini(&file);
		assert_int_equal(scratch_entries(&test_dir, ""), 0);
		newfile_fini(&file);
	}
}

static void says_what_is_wrong(void **unused)
{
	(void)unused;
	struct newfile file;
	scratch_put(&test_dir, "plain", "", 0, 0600);
	assert_int_equal(newfile_open(&file, scratch_path(&test_dir, "none/x"), 0600, &err), STATUS_MISSING);
	assert_int_equal(newfile_open(&file, scratch_path(&test_dir, "plain/x"), 0600, &err), STATUS_LOCAL);
	assert_int_equal(newfile_open(&file, scratch_path(&test_dir, ""), 0600, &err), STATUS_LOCAL);
	assert_non_null(strstr(err.text, "is not a valid file name"));
	assert_int_equal(newfile_open(&file, "/proc/x", 0600, &err), STATUS_LOCAL);
	assert_non_null(strstr(err.text, "create a file for /proc/x: "));
	assert_false(file.open);
	/* A name that is a directory cannot be replaced. */
	scratch_put(&test_dir, "file/x", "", 0, 0600);
	begin(&file, "x");
	assert_int_equal(newfile_replace(&file, &err), STATUS_LOCAL);
	assert_string_equal(err.text, "rename to file: Is a directory");
	newfile_fini(&file);
	/* A failed write is reported: /dev/full gives ENOSPC. */
	begin(&file, "x");
	int full = open("/dev/full", O_WRONLY);
	assert_int_equal(dup2(full, file.fd), file.fd);
	close(full);
	assert_int_equal(newfile_write(&file, "x", 1, &err), STATUS_LOCAL);
	assert_string_equal(err.text, "write file: No space left on device");
	newfile_fini(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(appears_when_created),
	    cmocka_unit_test(replaces),
	    cmocka_unit_test(leaves_nothing_when_abandoned),
	    cmocka_unit_test(says_what_is_wrong),
	};
	return cmocka_run_group_tests_name("sys/newfile", tests, test_dir_make, test_dir_remove);
}
