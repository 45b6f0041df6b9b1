#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pg/data/ready.h"
#include "support/cmocka.h"
#include "support/scratch.h"

#define MANY 100000

static struct scratch dir;
static struct error err;

static int setup(void **unused)
{
	(void)unused;
	scratch_init(&dir);
	assert_int_equal(mkdir(scratch_path(&dir, "archive_status"), 0700), 0);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	assert_int_equal(chdir("/"), 0);
	scratch_fini(&dir);
	return 0;
}

static void put_ready(const char *name)
{
	char path[300];
	(void)snprintf(path, sizeof path, "%s/archive_status/%s", dir.path, name);
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	(void)close(fd);
}

static void assert_list(const char *wal_path, size_t most, const char *const *expected)
{
	struct ready_list list;
	enum status st = ready_list_read(&list, wal_path, most, &err);
	assert_ok(st, err);
	for (size_t i = 0; i < list.count && expected[i] != NULL; i++)
		assert_string_equal(list.names[i].text, expected[i]);
	if (list.count != 0)
		assert_non_null(expected[list.count - 1]);
	assert_null(expected[list.count]);
	ready_list_fini(&list);
	assert_null(list.names);
	assert_int_equal(list.count, 0);
}

/* In ascending order: history files first, of any timeline, then by name. */
static const char *const in_order[] = {
    "00000002.history",
    "0000000A.history",
    "000000010000000000000001.00000028.backup",
    "000000010000000000000002",
    "000000010000000000000002.partial",
    "0000000100000001000000FF",
    "000000020000000000000001",
    "0000000B0000000000000000",
    NULL,
};

static void put_all(void)
{
	/* Created out of order. */
	static const size_t turns[] = {5, 0, 7, 2, 1, 6, 3, 4};
	for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++) {
		char name[64];
		(void)snprintf(name, sizeof name, "%s.ready", in_order[turns[i]]);
		put_ready(name);
	}
}

static void is_in_the_order_of_the_archiver(void **unused)
{
	(void)unused;
	put_all();
	put_ready("000000010000000000000000.ready");
	assert_list(scratch_path(&dir, "000000010000000000000000"), 100, in_order);
	assert_int_equal(chdir(dir.path), 0);
	assert_list("000000010000000000000000", 100, in_order);
	assert_list("./000000010000000000000000", 8, in_order);
}

static void gives_the_first_ones_only(void **unused)
{
	(void)unused;
	put_all();
	for (size_t most = 1; most < 8; most++) {
		const char *expected[sizeof in_order / sizeof in_order[0]] = {NULL};
		memcpy(expected, in_order, most * sizeof expected[0]);
		assert_list(scratch_path(&dir, "x"), most, expected);
	}
}

static void takes_no_foreign_names(void **unused)
{
	(void)unused;
	static const char *const foreign[] = {
	    ".ready",
	    "ready",
	    "x.ready",
	    "000000010000000000000001.done",
	    "000000010000000000000001",
	    "000000010000000000000001.ready.tmp",
	    "000000010000000000000001.READY",
	    "00000001000000000000000g.ready",
	    "00000001000000000000000a.ready",
	    "0000000100000000000000011.ready",
	    "000000010000000000000001 .ready",
	    "000000000000000000000001.ready",
	    "000000010000000000000001.00000028.backup.backup.ready",
	    "00000002.history.ready.ready",
	    "0000000100000000000000010000000000000000000000000000000000000001.ready",
	    "\n\033[2J.ready",
	};
	static const char *const none[] = {NULL};
	for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
		put_ready(foreign[i]);
	assert_list(scratch_path(&dir, "x"), 10, none);
}

/* A directory of a file that is pushed by hand. */
static void no_dir_is_an_empty_list(void **unused)
{
	(void)unused;
	static const char *const none[] = {NULL};
	char path[8192];
	scratch_put(&dir, "file/archive_status", "x", 1, 0600);
	assert_list(scratch_path(&dir, "nowhere/000000010000000000000001"), 10, none);
	assert_list(scratch_path(&dir, "file/000000010000000000000001"), 10, none);
	memset(path, 'x', sizeof path);
	path[0] = path[sizeof path - 2] = '/';
	path[sizeof path - 1] = '\0';
	assert_list(path, 10, none);
	assert_false(ready_exists(path, "x"));
}

static void says_what_it_cannot_open(void **unused)
{
	(void)unused;
	struct ready_list list;
	assert_int_equal(rmdir(scratch_path(&dir, "archive_status")), 0);
	assert_int_equal(symlink("archive_status", scratch_path(&dir, "archive_status")), 0);
	assert_int_equal(ready_list_read(&list, scratch_path(&dir, "x"), 10, &err), STATUS_LOCAL);
	assert_non_null(strstr(err.text, "/archive_status: Too many levels of symbolic links"));
	assert_null(list.names);
	assert_int_equal(unlink(scratch_path(&dir, "archive_status")), 0);
}

static void knows_what_still_waits(void **unused)
{
	(void)unused;
	put_ready("000000010000000000000001.ready");
	assert_true(ready_exists(scratch_path(&dir, "x"), "000000010000000000000001"));
	assert_false(ready_exists(scratch_path(&dir, "x"), "000000010000000000000002"));
	assert_false(ready_exists(scratch_path(&dir, "x"), ""));
	assert_int_equal(rename(scratch_path(&dir, "archive_status/000000010000000000000001.ready"),
				scratch_path(&dir, "archive_status/000000010000000000000001.done")),
			 0);
	assert_false(ready_exists(scratch_path(&dir, "x"), "000000010000000000000001"));
}

/* The backlog after a night without the store. 1000 is the largest list that push-ahead allows. */
static void a_backlog_of_days(void **unused)
{
	(void)unused;
	static const size_t lengths[] = {1, 32, 1000};
	for (unsigned i = 0; i < MANY; i++) {
		char name[64];
		unsigned at = (unsigned)((uint64_t)i * 61 % MANY); /* each once, out of order */
		(void)snprintf(name, sizeof name, "00000001%08X%08X.ready", at / 256, at % 256);
		put_ready(name);
	}
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		struct ready_list list;
		enum status st =
		    ready_list_read(&list, scratch_path(&dir, "000000010000000000000000"), lengths[i], &err);
		assert_ok(st, err);
		assert_int_equal(list.count, lengths[i]);
		for (size_t n = 0; n < list.count; n++) {
			assert_int_equal(list.names[n].log, (n + 1) / 256);
			assert_int_equal(list.names[n].segment, (n + 1) % 256);
		}
		ready_list_fini(&list);
	}
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_DIR(is_in_the_order_of_the_archiver),
	    WITH_DIR(gives_the_first_ones_only),
	    WITH_DIR(takes_no_foreign_names),
	    WITH_DIR(no_dir_is_an_empty_list),
	    WITH_DIR(says_what_it_cannot_open),
	    WITH_DIR(knows_what_still_waits),
	    WITH_DIR(a_backlog_of_days),
	};
	return cmocka_run_group_tests_name("pg/data/ready", tests, NULL, NULL);
}
