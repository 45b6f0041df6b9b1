#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pg/data/control.h"
#include "support/cmocka.h"
#include "support/scratch.h"

static struct scratch dir;
static struct error err;

struct control {
	uint64_t system_id;
	uint32_t version;
	uint32_t catalog;
};

static void put_control(const char *directory, uint64_t system_id, uint32_t version)
{
	char name[128];
	struct control control = {system_id, version, 202209061};
	(void)snprintf(name, sizeof name, "%s/global/pg_control", directory);
	scratch_put(&dir, name, &control, sizeof control, 0600);
}

static int setup(void **unused)
{
	(void)unused;
	scratch_init(&dir);
	put_control("one", 11, 1300);
	put_control("two", 22, 1300);
	put_control("swapped", 33, 0x14050000);
	put_control("nobody", 0, 1300);
	scratch_put(&dir, "short/global/pg_control", "1234", 4, 0600);
	scratch_put(&dir, "one/pg_wal/x", "", 0, 0600);
	scratch_put(&dir, "none/pg_wal/x", "", 0, 0600);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	assert_int_equal(chdir("/"), 0);
	scratch_fini(&dir);
	return 0;
}

/* Which cluster is found: working directory, --pg-data, path of the WAL file. */
static void finds_the_data_directory(void **unused)
{
	(void)unused;
	static const struct {
		const char *cwd, *pg_data, *wal_path;
		uint64_t expected; /* 0: none */
	} cases[] = {
	    {"one", NULL, NULL, 11},
	    {"one", NULL, "pg_wal/000000010000000000000001", 11},
	    {"one/pg_wal", NULL, "000000010000000000000001", 11},
	    {"one/pg_wal", NULL, "./000000010000000000000001", 11},
	    {"two", NULL, "@one/pg_wal/000000010000000000000001", 11}, /* pg_rewind, started anywhere */
	    {"two", NULL, "@none/pg_wal/000000010000000000000001", 22},
	    {"two", "@one", "pg_wal/000000010000000000000001", 11},
	    {"none", NULL, "pg_wal/000000010000000000000001", 0},
	    {"none", "../two", NULL, 22},
	    {"none", NULL, "/000000010000000000000001", 0},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct data_directory found;
		const char *pg_data = cases[i].pg_data;
		const char *wal_path = cases[i].wal_path;
		if (pg_data != NULL && pg_data[0] == '@')
			pg_data = scratch_path(&dir, pg_data + 1);
		if (wal_path != NULL && wal_path[0] == '@')
			wal_path = scratch_path(&dir, wal_path + 1);
		assert_int_equal(chdir(scratch_path(&dir, cases[i].cwd)), 0);
		enum status st = data_directory_find(&found, pg_data, wal_path, &err);
		assert_ok(st, err);
		assert_int_equal(found.known, cases[i].expected != 0);
		assert_int_equal(found.system_id, cases[i].expected);
	}
}

static void refuses_what_is_none(void **unused)
{
	(void)unused;
	static const struct {
		const char *pg_data;
		enum status expected;
		const char *text;
	} cases[] = {
	    {"none", STATUS_USAGE, "is not a data directory: open "},
	    {"swapped", STATUS_LOCAL, "is not a pg_control file for this machine's architecture"},
	    {"nobody", STATUS_LOCAL, "is not a pg_control file for this machine's architecture"},
	    {"short", STATUS_LOCAL, "is not a pg_control file for this machine's architecture"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct data_directory found;
		assert_int_equal(data_directory_find(&found, scratch_path(&dir, cases[i].pg_data), NULL, &err),
				 cases[i].expected);
		assert_non_null(strstr(err.text, cases[i].text));
	}
}

/* The hint is about the owner then, not about the directory. */
static void tells_that_it_may_not_look(void **unused)
{
	(void)unused;
	struct data_directory found;
	uid_t self = geteuid();
	assert_int_equal(chmod(scratch_path(&dir, "one/global"), self == 0 ? 0700 : 0), 0);
	if (self == 0)
		assert_int_equal(seteuid(54321), 0);
	enum status st = data_directory_find(&found, scratch_path(&dir, "one"), NULL, &err);
	assert_int_equal(seteuid(self), 0);
	assert_int_equal(chmod(scratch_path(&dir, "one/global"), 0700), 0);
	assert_int_equal(st, STATUS_USAGE);
	assert_non_null(strstr(err.text, "cannot be read: open "));
	assert_non_null(strstr(err.text, "Permission denied"));
	assert_non_null(strstr(err.hint, "may not read it: run this as the user that PostgreSQL runs as"));
}

/* Without a free descriptor the cluster is unknown, which is an error. */
static void does_not_guess(void **unused)
{
	(void)unused;
	struct rlimit before;
	struct data_directory found;
	const char *wal_path = scratch_path(&dir, "one/pg_wal/000000010000000000000001");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	const struct rlimit few = {.rlim_cur = 0, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	enum status near = data_directory_find(&found, NULL, wal_path, &err);
	enum status given = data_directory_find(&found, scratch_path(&dir, "one"), NULL, &err);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(near, STATUS_LOCAL);
	assert_int_equal(given, STATUS_LOCAL);
	assert_non_null(strstr(err.text, "one/global/pg_control: Too many open files"));
}

static void tells_a_standby(void **unused)
{
	(void)unused;
	struct data_directory found = {0};
	assert_false(data_directory_is_standby(&found));
	assert_int_equal(data_directory_find(&found, scratch_path(&dir, "one"), NULL, &err), STATUS_OK);
	scratch_put(&dir, "one/recovery.signal", "", 0, 0600);
	assert_false(data_directory_is_standby(&found));
	scratch_put(&dir, "one/standby.signal", "", 0, 0600);
	assert_true(data_directory_is_standby(&found));
	assert_int_equal(unlink(scratch_path(&dir, "one/recovery.signal")), 0);
	assert_int_equal(unlink(scratch_path(&dir, "one/standby.signal")), 0);
}

/* Each of the files alone says that recovery is not over. */
static void tells_that_recovery_is_over(void **unused)
{
	(void)unused;
	static const char *const signals[] = {"one/recovery.signal", "one/standby.signal", "one/recovery.conf"};
	struct data_directory found = {0};
	assert_false(data_directory_is_past_recovery(&found));
	assert_int_equal(data_directory_find(&found, scratch_path(&dir, "one"), NULL, &err), STATUS_OK);
	assert_true(data_directory_is_past_recovery(&found));
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		scratch_put(&dir, signals[i], "", 0, 0600);
		assert_false(data_directory_is_past_recovery(&found));
		assert_int_equal(unlink(scratch_path(&dir, signals[i])), 0);
	}
}

/* Each start writes postmaster.opts; the first write of pg_control after it begins the replay. */
static void tells_that_recovery_begins(void **unused)
{
	(void)unused;
	static const struct {
		struct timespec started, written;
		bool expected;
	} cases[] = {
	    {{100, 5}, {99, 9}, true},   {{100, 5}, {100, 4}, true},  {{100, 5}, {100, 5}, true},
	    {{100, 5}, {100, 6}, false}, {{100, 5}, {101, 0}, false},
	};
	struct data_directory found = {0};
	assert_false(data_directory_begins_recovery(&found));
	assert_int_equal(data_directory_find(&found, scratch_path(&dir, "one"), NULL, &err), STATUS_OK);
	assert_true(data_directory_begins_recovery(&found));
	scratch_put(&dir, "one/postmaster.opts", "", 0, 0600);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct timespec started[] = {cases[i].started, cases[i].started};
		const struct timespec written[] = {cases[i].written, cases[i].written};
		assert_int_equal(utimensat(AT_FDCWD, scratch_path(&dir, "one/postmaster.opts"), started, 0), 0);
		assert_int_equal(utimensat(AT_FDCWD, scratch_path(&dir, "one/global/pg_control"), written, 0), 0);
		assert_int_equal(data_directory_begins_recovery(&found), cases[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_the_data_directory),
	    cmocka_unit_test(refuses_what_is_none),
	    cmocka_unit_test(tells_that_it_may_not_look),
	    cmocka_unit_test(does_not_guess),
	    cmocka_unit_test(tells_a_standby),
	    cmocka_unit_test(tells_that_recovery_is_over),
	    cmocka_unit_test(tells_that_recovery_begins),
	};
	return cmocka_run_group_tests_name("pg/data/control", tests, setup, teardown);
}
