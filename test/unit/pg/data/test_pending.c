/* pg_wal and pg_control, as status reads them. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pg/data/checkpoint.h"
#include "pg/data/pending.h"
#include "support/cmocka.h"
#include "support/scratch.h"

#define STATUS "data/pg_wal/archive_status/"
#define SEGMENT_BYTES (1024 * 1024)

static struct scratch dir;
static struct error err;

static int setup(void **unused)
{
	(void)unused;
	scratch_init(&dir);
	scratch_put(&dir, STATUS "other", "", 0, 0600);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	scratch_fini(&dir);
	return 0;
}

static void put_mark(const char *name, int64_t modified_s)
{
	char path[128];
	(void)snprintf(path, sizeof path, STATUS "%s", name);
	scratch_put(&dir, path, "", 0, 0600);
	const struct timespec times[2] = {{.tv_sec = modified_s}, {.tv_sec = modified_s}};
	assert_int_equal(utimensat(AT_FDCWD, scratch_path(&dir, path), times, 0), 0);
}

static void put_file(const char *name, off_t bytes)
{
	char path[128];
	(void)snprintf(path, sizeof path, "data/pg_wal/%s", name);
	scratch_put(&dir, path, "", 0, 0600);
	assert_int_equal(truncate(scratch_path(&dir, path), bytes), 0);
}

static void counts_what_is_ready(void **unused)
{
	(void)unused;
	struct pending pending;
	put_file("000000010000000000000004", SEGMENT_BYTES);
	put_file("00000002.history", 41);
	put_mark("000000010000000000000003.done", 900);
	put_mark("000000010000000000000004.ready", 1000);
	put_mark("000000010000000000000005.ready", 2000); /* without its file */
	put_mark("00000002.history.ready", 1500);
	put_mark("000000010000000000000003.00000028.backup.done", 950);
	put_mark("nonsense.ready", 1);
	put_mark("000000010000000000000009.ready.tmp", 1);
	put_mark("000000010000000000000009", 1);
	assert_ok(pending_read(&pending, scratch_path(&dir, "data"), &err), err);
	assert_int_equal(pending.files, 3);
	assert_int_equal(pending.segments, 2);
	assert_int_equal(pending.bytes, SEGMENT_BYTES + 41);
	assert_int_equal(pending.oldest_s, 1000);
	assert_int_equal(pending.newest_s, 2000);
	assert_string_equal(pending.first, "000000010000000000000004");
	assert_string_equal(pending.furthest.text, "000000010000000000000005");
	assert_string_equal(pending.done.text, "000000010000000000000003");
	assert_int_equal(pending.segment_bytes, SEGMENT_BYTES);
	/* The time of the rename to .done, not of the file. */
	assert_true(pending.done_s > time(NULL) - 60);
	assert_int_equal(pending_finished_s(scratch_path(&dir, "data"), "000000010000000000000003"), 900);
	assert_int_equal(pending_finished_s(scratch_path(&dir, "data"), "000000010000000000000004"), 1000);
	assert_int_equal(pending_finished_s(scratch_path(&dir, "data"), "000000010000000000000008"), 0);
}

static void nothing_is_nothing(void **unused)
{
	(void)unused;
	struct pending pending;
	put_file("000000010000000000000004", 4096); /* an invalid segment size */
	assert_ok(pending_read(&pending, scratch_path(&dir, "data"), &err), err);
	assert_int_equal(pending.files, 0);
	assert_int_equal(pending.oldest_s, 0);
	assert_int_equal(pending.done_s, 0);
	assert_int_equal(pending.segment_bytes, 0);
	assert_string_equal(pending.furthest.text, "");
	assert_int_equal(pending_read(&pending, scratch_path(&dir, "none"), &err), STATUS_LOCAL);
	assert_non_null(strstr(err.text, "none/pg_wal: No such file"));
	scratch_put(&dir, "half/pg_wal/x", "", 0, 0600);
	assert_int_equal(pending_read(&pending, scratch_path(&dir, "half"), &err), STATUS_LOCAL);
	assert_non_null(strstr(err.text, "archive_status: No such file"));
}

/* ControlFileData of PostgreSQL 15, as far as it is read. */
struct control {
	uint64_t system_id;
	uint32_t version, catalog, state, padding;
	int64_t time;
	uint64_t checkpoint, redo;
	uint32_t timeline, more;
};

static void reads_the_last_checkpoint(void **unused)
{
	(void)unused;
	static const struct {
		uint32_t version, state;
		enum status status;
		const char *text;
		bool is_standby;
	} cases[] = {
	    {1300, 6, STATUS_OK, "in production", false},
	    {1800, 1, STATUS_OK, "shut down", false},
	    {1100, 5, STATUS_OK, "in archive recovery", true},
	    {1002, 6, STATUS_MISSING, NULL, false},
	    {1300, 7, STATUS_MISSING, NULL, false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct checkpoint checkpoint;
		struct control control = {.system_id = 7,
					  .version = cases[i].version,
					  .state = cases[i].state,
					  .redo = 0x123456789A,
					  .timeline = 3};
		scratch_put(&dir, "data/global/pg_control", &control, sizeof control, 0600);
		assert_int_equal(checkpoint_read(&checkpoint, scratch_path(&dir, "data"), &err), cases[i].status);
		if (cases[i].status) {
			assert_null(checkpoint.state);
			continue;
		}
		assert_string_equal(checkpoint.state, cases[i].text);
		assert_int_equal(checkpoint.is_standby, cases[i].is_standby);
		assert_int_equal(checkpoint.timeline, 3);
		assert_int_equal(checkpoint.redo_lsn, 0x123456789A);
	}
	struct checkpoint checkpoint;
	scratch_put(&dir, "data/global/pg_control", "short", 5, 0600);
	assert_int_equal(checkpoint_read(&checkpoint, scratch_path(&dir, "data"), &err), STATUS_MISSING);
	assert_int_equal(checkpoint_read(&checkpoint, scratch_path(&dir, "none"), &err), STATUS_LOCAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(counts_what_is_ready, setup, teardown),
	    cmocka_unit_test_setup_teardown(nothing_is_nothing, setup, teardown),
	    cmocka_unit_test_setup_teardown(reads_the_last_checkpoint, setup, teardown),
	};
	return cmocka_run_group_tests_name("pg/data/pending", tests, NULL, NULL);
}
