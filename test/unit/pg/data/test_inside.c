#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pg/data/inside.h"
#include "support/cmocka.h"
#include "support/scratch.h"

static int setup(void **unused)
{
	(void)test_dir_make(unused);
	scratch_put(&test_dir, "data/global/pg_control", "", 0, 0600);
	scratch_put(&test_dir, "disk/wal/x", "", 0, 0600);
	scratch_put(&test_dir, "other/repo/x", "", 0, 0600);
	scratch_put(&test_dir, "data/repo/x", "", 0, 0600);
	return symlink(scratch_path(&test_dir, "disk/wal"), scratch_path(&test_dir, "data/pg_wal")) ||
	       symlink(scratch_path(&test_dir, "data/repo"), scratch_path(&test_dir, "linked")) ||
	       symlink(scratch_path(&test_dir, "other/repo"), scratch_path(&test_dir, "data/out")) ||
	       symlink("data", scratch_path(&test_dir, "alias"));
}

static void sees_through_links(void **unused)
{
	(void)unused;
	static const struct {
		const char *path;
		bool inside;
	} cases[] = {
	    {"data", true},
	    {"data/repo", true},
	    {"data/repo/", true},
	    {"data/not/yet/there", true},
	    {"alias/repo", true},
	    {"linked", true},
	    {"linked/not-yet", true},
	    {"disk/wal", true},
	    {"disk/wal/repo", true},
	    {"data/pg_wal/repo", true},
	    {"disk", false},
	    {"disk/not-yet", false},
	    {"other/repo", false},
	    {"data/out", false}, /* its files are elsewhere */
	    {"data/../other", false},
	    {"data2", false},
	    {"", false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (data_directory_contains(scratch_path(&test_dir, "data"), scratch_path(&test_dir, cases[i].path)) !=
		    cases[i].inside)
			fail_msg("%s", cases[i].path);
	}
	assert_false(data_directory_contains(scratch_path(&test_dir, "data"), "/"));
	assert_false(data_directory_contains(scratch_path(&test_dir, "none"), scratch_path(&test_dir, "data")));
	assert_false(data_directory_contains(scratch_path(&test_dir, "data"), "relative"));
	assert_int_equal(chdir(scratch_path(&test_dir, "data")), 0);
	assert_true(data_directory_contains(".", scratch_path(&test_dir, "linked")));
	assert_false(data_directory_contains(".", scratch_path(&test_dir, "other")));
	assert_int_equal(chdir("/"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(sees_through_links)};
	return cmocka_run_group_tests_name("pg/data/inside", tests, setup, test_dir_remove);
}
