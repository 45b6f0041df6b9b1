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

/* A directory that packages make is preferred to a name in /tmp, which others can take and PrivateTmp hides. */
static void the_default_is_nobody_elses(void **unused)
{
	(void)unused;
	char expected[SPOOL_PATH_MAX], in_tmp[SPOOL_PATH_MAX];
	(void)snprintf(in_tmp, sizeof in_tmp, "/tmp/walship-%u", (unsigned)geteuid());
	(void)snprintf(expected, sizeof expected, "%s", scratch_path(&test_dir, "shared"));
	spool_default(&(struct spool_places){.shared = expected, .tmp = "/tmp"}, path);
	assert_string_equal(path, in_tmp);
	assert_int_equal(mkdir(expected, 0700), 0);
	spool_default(&(struct spool_places){.shared = expected, .tmp = "/tmp"}, path);
	assert_string_equal(path, expected);
	/* A wrong mode is for spool_prepare to report. */
	assert_int_equal(chmod(expected, 0755), 0);
	spool_default(&(struct spool_places){.shared = expected, .tmp = "/tmp"}, path);
	assert_string_equal(path, expected);
	assert_int_equal(symlink(expected, scratch_path(&test_dir, "shared-link")), 0);
	spool_default(&(struct spool_places){.shared = scratch_path(&test_dir, "shared-link"), .tmp = "/tmp"}, path);
	assert_string_equal(path, in_tmp);
	if (geteuid() != 0)
		return;
	assert_int_equal(chown(expected, 12345, 12345), 0);
	spool_default(&(struct spool_places){.shared = expected, .tmp = "/tmp"}, path);
	assert_string_equal(path, in_tmp);
}

/* A file is as little a place for a directory as a file system that is mounted read-only. */
static void tmpdir_serves_where_tmp_cannot(void **unused)
{
	(void)unused;
	char expected[SPOOL_PATH_MAX], tmpdir[SPOOL_PATH_MAX];
	(void)snprintf(tmpdir, sizeof tmpdir, "%s", scratch_path(&test_dir, "tmpdir"));
	struct spool_places places = {.shared = "/nonexistent", .tmp = "/nonexistent/tmp", .tmpdir = tmpdir};
	(void)snprintf(expected, sizeof expected, "%.400s/walship-%u", tmpdir, (unsigned)geteuid());
	spool_default(&places, path);
	assert_string_equal(path, expected);
	/* An address that depends on the working directory would be another one in each call. */
	places.tmpdir = "relative";
	(void)snprintf(expected, sizeof expected, "/nonexistent/tmp/walship-%u", (unsigned)geteuid());
	spool_default(&places, path);
	assert_string_equal(path, expected);
	places.tmpdir = NULL;
	spool_default(&places, path);
	assert_string_equal(path, expected);
	/* The server and a shell may have different ones. */
	places.tmp = scratch_path(&test_dir, "");
	places.tmpdir = tmpdir;
	(void)snprintf(expected, sizeof expected, "%s/walship-%u", places.tmp, (unsigned)geteuid());
	spool_default(&places, path);
	assert_string_equal(path, expected);
}

static void the_same_trouble_is_news_once(void **unused)
{
	(void)unused;
	const struct error one = {.text = "create the spool /tmp/walship-0: Read-only file system"};
	const struct error another = {.text = "create the spool /tmp/walship-0: No space left on device"};
	char memory[SPOOL_PATH_MAX];
	scratch_put(&test_dir, "memory/x", "", 0, 0600);
	(void)snprintf(memory, sizeof memory, "%s", scratch_path(&test_dir, "memory"));
	assert_true(spool_trouble_is_news(NULL, memory, &one));
	assert_false(spool_trouble_is_news(NULL, memory, &one));
	assert_true(spool_trouble_is_news(NULL, memory, &another));
	assert_false(spool_trouble_is_news(NULL, memory, &another));
	/* A spool that somebody has chosen is to be corrected. */
	assert_true(spool_trouble_is_news("/chosen", memory, &one));
	assert_true(spool_trouble_is_news(NULL, "/nonexistent", &one));
	assert_true(spool_trouble_is_news(NULL, "/nonexistent", &one));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(makes_a_private_dir), cmocka_unit_test(believes_only_its_own),
	    cmocka_unit_test(the_default_is_nobody_elses), cmocka_unit_test(tmpdir_serves_where_tmp_cannot),
	    cmocka_unit_test(the_same_trouble_is_news_once)};
	return cmocka_run_group_tests_name("sys/spool", tests, test_dir_make, test_dir_remove);
}
