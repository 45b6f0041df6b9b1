#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schedule/schedule_note.h"
#include "support/cmocka.h"
#include "support/scratch.h"

#define SYSTEM_ID 7601921254259666965ULL
#define NOW 1800000000

static struct error err;
static const char *spool, *wal;

static int make(void **unused)
{
	int failed = test_dir_make(unused);
	scratch_put(&test_dir, "data/pg_wal/000000010000000000000001", "x", 1, 0600);
	spool = scratch_path(&test_dir, "spool");
	wal = scratch_path(&test_dir, "data/pg_wal/000000010000000000000001");
	return failed;
}

static void a_note_comes_back(void **unused)
{
	(void)unused;
	struct schedule_note note = {.since_s = NOW}, read;
	schedule_note_read(&read, spool, SYSTEM_ID);
	assert_int_equal(read.since_s, 0);
	note.tasks[TASK_FULL].succeeded_s = NOW + 1;
	note.tasks[TASK_VERIFY].failed_s = NOW + 2;
	note.tasks[TASK_VERIFY].failures = 3;
	(void)strcpy(note.tasks[TASK_VERIFY].error, "exited with code 4: 'walship: verify'");
	assert_ok(schedule_note_write(&note, spool, SYSTEM_ID, &err), err);
	schedule_note_read(&read, spool, SYSTEM_ID);
	assert_memory_equal(&read, &note, sizeof note);
	schedule_note_read(&read, spool, SYSTEM_ID + 1);
	assert_int_equal(read.since_s, 0);
}

static void the_longest_errors_fit(void **unused)
{
	(void)unused;
	struct schedule_note note = {.since_s = NOW}, read;
	for (enum task task = 0; task < TASK_COUNT; task++) {
		memset(note.tasks[task].error, 'e', SCHEDULE_ERROR_MAX - 1);
		note.tasks[task].failures = UINT32_MAX;
	}
	assert_ok(schedule_note_write(&note, spool, SYSTEM_ID, &err), err);
	schedule_note_read(&read, spool, SYSTEM_ID);
	assert_memory_equal(&read, &note, sizeof note);
}

static void a_note_that_was_cut_off_counts_as_none(void **unused)
{
	(void)unused;
	struct schedule_note note = {.since_s = NOW}, read;
	char path[512];
	struct stat info;
	assert_ok(schedule_note_write(&note, spool, SYSTEM_ID, &err), err);
	(void)snprintf(path, sizeof path, "%s/schedule-%llu", spool, SYSTEM_ID);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_int_equal(truncate(path, info.st_size - 2), 0);
	schedule_note_read(&read, spool, SYSTEM_ID);
	assert_int_equal(read.since_s, 0);
}

static void one_process_has_the_lock(void **unused)
{
	(void)unused;
	int first, second;
	assert_ok(schedule_lock(spool, SYSTEM_ID, &first, &err), err);
	assert_int_equal(schedule_lock(spool, SYSTEM_ID, &second, &err), STATUS_EXISTS);
	assert_int_equal(second, -1);
	assert_ok(schedule_lock(spool, SYSTEM_ID + 1, &second, &err), err);
	(void)close(second);
	(void)close(first);
	assert_ok(schedule_lock(spool, SYSTEM_ID, &second, &err), err);
	(void)close(second);
}

static void pushes_look_when_something_is_due(void **unused)
{
	(void)unused;
	struct push_notes notes;
	assert_true(push_notes_find(&notes, spool, wal));
	/* Without a spool every push would start a process. */
	assert_false(schedule_is_due(&notes, NOW));
	assert_int_equal(mkdir(spool, 0700), 0);
	assert_true(schedule_is_due(&notes, NOW));
	assert_false(schedule_is_due(&notes, NOW));
	assert_false(schedule_is_due(&notes, NOW + 59));
	assert_true(schedule_is_due(&notes, NOW + 60));
	schedule_set_due(spool, wal, NOW + 1000, NOW);
	assert_false(schedule_is_due(&notes, NOW + 999));
	assert_true(schedule_is_due(&notes, NOW + 1000));
	/* The configuration may change: an hour at most. */
	schedule_set_due(spool, wal, INT64_MAX, NOW);
	assert_false(schedule_is_due(&notes, NOW + 3599));
	assert_true(schedule_is_due(&notes, NOW + 3600));
	/* A clock that was ahead. */
	schedule_set_due(spool, wal, NOW + 30 * 86400, NOW + 30 * 86400);
	assert_true(schedule_is_due(&notes, NOW));
	assert_false(schedule_is_due(&notes, NOW));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_note_comes_back, make, test_dir_remove),
	    cmocka_unit_test_setup_teardown(the_longest_errors_fit, make, test_dir_remove),
	    cmocka_unit_test_setup_teardown(a_note_that_was_cut_off_counts_as_none, make, test_dir_remove),
	    cmocka_unit_test_setup_teardown(one_process_has_the_lock, make, test_dir_remove),
	    cmocka_unit_test_setup_teardown(pushes_look_when_something_is_due, make, test_dir_remove),
	};
	return cmocka_run_group_tests_name("schedule/schedule_note", tests, NULL, NULL);
}
