#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "support/cmocka.h"
#include "support/scratch.h"
#include "sys/open_as.h"

#define OWNER 4711 /* of the directory: neither root nor this test's user */

/* path in "data": opened, or the error's number. */
static int try(const char *path)
{
	CLEANUP(fd_closep) int root = open(scratch_path(&test_dir, "data"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(fd_closep) int fd = open_as_owner(root, root, path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 ? 0 : errno;
}

static void put(const char *name, uid_t user, gid_t group, mode_t mode)
{
	scratch_put(&test_dir, name, "x", 1, 0600);
	assert_int_equal(chown(scratch_path(&test_dir, name), user, group), 0);
	assert_int_equal(chmod(scratch_path(&test_dir, name), mode), 0);
}

static void put_link(const char *name, const char *target)
{
	assert_int_equal(symlink(target, scratch_path(&test_dir, name)), 0);
}

static void root_goes_no_further_than_the_owner(void **unused)
{
	(void)unused;
	static const struct {
		const char *path;
		uid_t user;
		gid_t group;
		mode_t mode;
		int expected;
	} cases[] = {
	    {"data/own", OWNER, OWNER, 0600, 0},        {"data/others", 0, 0, 0644, 0},
	    {"data/of_group", 0, OWNER, 0640, 0},       {"data/of_root", 0, 0, 0600, EACCES},
	    {"data/of_group_root", 0, 0, 0640, EACCES}, {"data/write_only", OWNER, OWNER, 0200, EACCES},
	};
	if (geteuid() != 0)
		skip();
	put("data/x", OWNER, OWNER, 0600);
	put("elsewhere/secret", 0, 0, 0600);
	put("elsewhere/public", 0, 0, 0644);
	assert_int_equal(chmod(test_dir.path, 0755), 0);
	assert_int_equal(chmod(scratch_path(&test_dir, "elsewhere"), 0755), 0);
	assert_int_equal(chown(scratch_path(&test_dir, "data"), OWNER, OWNER), 0);
	put_link("data/to_secret", "../elsewhere/secret");
	put_link("data/to_public", "../elsewhere/public");
	put_link("data/to_directory", "../elsewhere");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		put(cases[i].path, cases[i].user, cases[i].group, cases[i].mode);
		assert_int_equal(try(cases[i].path + sizeof "data"), cases[i].expected);
	}
	assert_int_equal(try("to_public"), 0);
	assert_int_equal(try("to_secret"), EACCES);
	assert_int_equal(try("to_directory/secret"), EACCES);
	assert_int_equal(try("absent"), ENOENT);
	/* The rights are root's again. */
	CLEANUP(fd_closep) int fd = open(scratch_path(&test_dir, "elsewhere/secret"), O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	scratch_put(&test_dir, "elsewhere/new", "x", 1, 0600);
	struct stat info;
	assert_int_equal(stat(scratch_path(&test_dir, "elsewhere/new"), &info), 0);
	assert_int_equal(info.st_uid, 0);
}

static void root_in_a_directory_of_its_own(void **unused)
{
	(void)unused;
	if (geteuid() != 0)
		skip();
	put("data/of_another", OWNER, OWNER, 0600);
	assert_int_equal(try("of_another"), 0);
}

static void *open_often(void *arg)
{
	for (int i = 0; i < 2000; i++)
		*(int *)arg += try("own") != 0 || try("of_root") != EACCES;
	return NULL;
}

/* Other threads keep their rights meanwhile. */
static void threads_do_not_disturb_each_other(void **unused)
{
	(void)unused;
	pthread_t threads[2];
	int wrong[2] = {0}, own_wrong = 0;
	if (geteuid() != 0)
		skip();
	put("data/own", OWNER, OWNER, 0600);
	put("data/of_root", 0, 0, 0600);
	assert_int_equal(chmod(test_dir.path, 0755), 0);
	assert_int_equal(chown(scratch_path(&test_dir, "data"), OWNER, OWNER), 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, open_often, &wrong[i]), 0);
	for (int i = 0; i < 2000; i++) {
		CLEANUP(fd_closep) int fd = open(scratch_path(&test_dir, "data/of_root"), O_RDONLY | O_CLOEXEC);
		own_wrong += fd < 0;
	}
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(wrong[0] + wrong[1] + own_wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(root_goes_no_further_than_the_owner, test_dir_make, test_dir_remove),
	    cmocka_unit_test_setup_teardown(root_in_a_directory_of_its_own, test_dir_make, test_dir_remove),
	    cmocka_unit_test_setup_teardown(threads_do_not_disturb_each_other, test_dir_make, test_dir_remove),
	};
	return cmocka_run_group_tests_name("sys/open_as", tests, NULL, NULL);
}
