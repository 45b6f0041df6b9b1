#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/cmocka.h"
#include "support/scratch.h"
#include "sys/spool.h"

static struct error err;
static char path[SPOOL_PATH_MAX];

static void assert_refused(const char *given, const char *text)
{
	assert_int_equal(spool_prepare(given, path, &err), STATUS_LOCAL);
	if (strstr(err.text, text) == NULL)
		fail_msg("%s", err.text);
}

static void makes_a_private_dir(void **unused)
{
	(void)unused;
	struct stat info;
	for (int i = 0; i < 2; i++) {
		enum status st = spool_prepare(scratch_path(&test_dir, "new"), path, &err);
		assert_ok(st, err);
		assert_string_equal(path, scratch_path(&test_dir, "new"));
		assert_int_equal(stat(path, &info), 0);
		assert_int_equal(info.st_mode, S_IFDIR | 0700);
	}
}

/* Another user may have created the name first. */
static void believes_only_its_own(void **unused)
{
	(void)unused;
	scratch_put(&test_dir, "file", "x", 1, 0600);
	scratch_put(&test_dir, "open/x", "x", 1, 0600);
	assert_int_equal(chmod(scratch_path(&test_dir, "open"), 0750), 0);
	assert_int_equal(mkdir(scratch_path(&test_dir, "mine"), 0700), 0);
	assert_int_equal(symlink(scratch_path(&test_dir, "mine"), scratch_path(&test_dir, "link")), 0);
	assert_refused(scratch_path(&test_dir, "file"), "with mode 0700");
	assert_refused(scratch_path(&test_dir, "open"), "with mode 0700");
	assert_refused(scratch_path(&test_dir, "link"), "with mode 0700");
	assert_refused(scratch_path(&test_dir, "none/below"), "No such file or directory");
	assert_non_null(strstr(err.hint, "set spool to a directory that this user owns"));
	assert_refused("relative", "is not an absolute path");
	assert_refused("", "is not an absolute path");
	if (geteuid() == 0) {
		assert_int_equal(mkdir(scratch_path(&test_dir, "theirs"), 0700), 0);
		assert_int_equal(chown(scratch_path(&test_dir, "theirs"), 12345, 12345), 0);
		assert_refused(scratch_path(&test_dir, "theirs"), "not a directory of user 0 with");
		assert_non_null(strstr(err.hint, "run walship as user 12345"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(makes_a_private_dir),
					   cmocka_unit_test(believes_only_its_own)};
	return cmocka_run_group_tests_name("sys/spool", tests, test_dir_make, test_dir_remove);
}
