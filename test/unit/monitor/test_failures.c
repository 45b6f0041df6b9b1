#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "monitor/failures.h"
#include "monitor/notified.h"
#include "support/cmocka.h"
#include "support/scratch.h"

#define NAME "000000010000000000000003"

static struct scratch dir;
static char spool[256];
static struct error err;

static int setup(void **unused)
{
	(void)unused;
	scratch_init(&dir);
	(void)snprintf(spool, sizeof spool, "%s", scratch_path(&dir, "spool"));
	scratch_put(&dir, "data/pg_wal/" NAME, "", 0, 0600);
	scratch_put(&dir, "other/pg_wal/" NAME, "", 0, 0600);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	scratch_fini(&dir);
	return 0;
}

static struct push_notes find(const char *given, const char *file)
{
	struct push_notes notes;
	assert_true(push_notes_find(&notes, given, scratch_path(&dir, file)));
	return notes;
}

static struct failures failure(int64_t at_s, const char *text)
{
	struct failures made = {.last_s = at_s, .exit_code = 3};
	(void)strcpy(made.file, NAME);
	(void)error_set(&made.error, STATUS_UNREACHABLE, "%s", text);
	return made;
}

/* For status: whether the pushes of this server record their failures here. */
static void a_push_leaves_a_trace(void **unused)
{
	(void)unused;
	struct push_notes notes = find(spool, "data/pg_wal/" NAME);
	struct push_notes other = find(spool, "other/pg_wal/" NAME);
	char path[PUSH_NOTES_PATH_MAX];
	struct stat info;
	assert_int_equal(push_notes_trace_s(&notes), 0);
	push_notes_leave_trace(&notes);
	assert_int_equal(stat(spool, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0700);
	assert_true(push_notes_trace_s(&notes) > CLOCK_SET_S);
	assert_int_equal(push_notes_trace_s(&other), 0);
	/* The next push renews it. */
	push_notes_path(&notes, "pushed", path);
	const struct timespec then[2] = {{.tv_sec = 7}, {.tv_sec = 7}};
	assert_int_equal(utimensat(AT_FDCWD, path, then, 0), 0);
	assert_int_equal(push_notes_trace_s(&notes), 7);
	push_notes_leave_trace(&notes);
	assert_true(push_notes_trace_s(&notes) > CLOCK_SET_S);
	/* A spool that others can use gets none. */
	assert_int_equal(chmod(spool, 0755), 0);
	push_notes_leave_trace(&other);
	assert_int_equal(push_notes_trace_s(&other), 0);
}

static void counts_until_one_succeeds(void **unused)
{
	(void)unused;
	struct push_notes notes = find(spool, "data/pg_wal/" NAME);
	struct push_notes other = find(spool, "other/pg_wal/" NAME);
	struct failures found;
	assert_false(failures_read(&notes, &found));
	assert_false(failures_end(&notes, &found));
	struct failures one = failure(1000, "put: HTTP 503"), two = failure(1100, "put: no answer");
	(void)error_hint(&two.error, STATUS_UNREACHABLE, "look at the store");
	assert_ok(failures_add(&notes, &one, &err), err);
	assert_int_equal(one.since_s, 1000);
	assert_int_equal(one.count, 1);
	two.exit_code = 5;
	assert_ok(failures_add(&notes, &two, &err), err);
	assert_true(failures_read(&notes, &found));
	assert_int_equal(found.since_s, 1000);
	assert_int_equal(found.last_s, 1100);
	assert_int_equal(found.count, 2);
	assert_int_equal(found.exit_code, 5);
	assert_string_equal(found.file, NAME);
	assert_string_equal(found.error.text, "put: no answer");
	assert_string_equal(found.error.hint, "look at the store");
	/* Another cluster has no record. */
	assert_false(failures_read(&other, &found));
	assert_false(failures_end(&other, &found));
	assert_true(failures_end(&notes, &found));
	assert_int_equal(found.count, 2);
	assert_false(failures_read(&notes, &found));
	assert_int_equal(scratch_entries(&dir, "spool"), 0);
}

/* The longest texts of an error, and a clock that was set back. */
static void keeps_long_texts_and_odd_times(void **unused)
{
	(void)unused;
	char text[ERROR_TEXT_MAX], hint[ERROR_HINT_MAX];
	struct push_notes notes = find(spool, "data/pg_wal/" NAME);
	struct failures found, first = failure(5000, "x"), made = failure(1000, "x");
	memset(text, 't', sizeof text - 1);
	memset(hint, 'h', sizeof hint - 1);
	text[sizeof text - 1] = hint[sizeof hint - 1] = '\0';
	(void)strcpy(made.error.text, text);
	(void)strcpy(made.error.hint, hint);
	assert_ok(failures_add(&notes, &first, &err), err);
	assert_ok(failures_add(&notes, &made, &err), err);
	assert_true(failures_end(&notes, &found));
	assert_int_equal(found.since_s, 1000);
	assert_string_equal(found.error.text, text);
	assert_string_equal(found.error.hint, hint);
}

/* A record from before the clock was set begins at the first failure after that. */
static void a_clock_that_was_set_begins_anew(void **unused)
{
	(void)unused;
	struct push_notes notes = find(spool, "data/pg_wal/" NAME);
	const struct {
		int64_t last_s, since_s;
	} tries[] = {{7, 7}, {67, 7}, {1795000000, 1795000000}, {1795000060, 1795000000}};
	for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
		struct failures made = failure(tries[i].last_s, "x");
		assert_ok(failures_add(&notes, &made, &err), err);
		assert_int_equal(made.since_s, tries[i].since_s);
		assert_int_equal(made.count, i + 1);
	}
	struct failures found;
	assert_true(failures_end(&notes, &found));
}

static void a_damaged_record_is_ignored(void **unused)
{
	(void)unused;
	static const char *const records[] = {
	    "",
	    "walship 2 failing\nsince 2026-11-21T11:00:00Z\nlast 2026-11-21T11:00:00Z\ncount 1\ncode 3\nfile a\nerror "
	    "b\nend\n",
	    "walship 1 failing\nsince yesterday\nlast 2026-11-21T11:00:00Z\ncount 1\ncode 3\nfile a\nerror b\nend\n",
	    "walship 1 failing\nsince 2026-11-21T11:00:00Z\nlast 2026-11-21T11:00:00Z\ncount none\ncode 3\nfile "
	    "a\nerror b\nend\n",
	    "walship 1 failing\nsince 2026-11-21T11:00:00Z\nlast 2026-11-21T11:00:00Z\ncount 1\ncode 3\nfile a\nend\n",
	    "walship 1 failing\nsince 2026-11-21T11:00:00Z\nlast 2026-11-21T11:00:00Z\ncount 1\ncode 3\nfile a\nerror "
	    "b\n",
	};
	struct push_notes notes = find(spool, "data/pg_wal/" NAME);
	char path[PUSH_NOTES_PATH_MAX];
	struct failures found;
	assert_ok(push_notes_prepare(&notes, &err), err);
	push_notes_path(&notes, "failing", path);
	for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
		CLEANUP(file_closep) FILE *file = fopen(path, "we");
		assert_non_null(file);
		assert_true(fputs(records[i], file) >= 0);
		assert_int_equal(fflush(file), 0);
		assert_false(failures_read(&notes, &found));
		/* A success removes it nevertheless. */
		assert_false(failures_end(&notes, &found));
		assert_int_equal(access(path, F_OK), -1);
	}
}

/* A record that others could have written is not trusted. */
static void needs_a_spool_of_its_own(void **unused)
{
	(void)unused;
	struct push_notes notes = find(spool, "data/pg_wal/" NAME);
	struct failures found, made = failure(1000, "x");
	assert_ok(failures_add(&notes, &made, &err), err);
	assert_int_equal(chmod(scratch_path(&dir, "spool"), 0777), 0);
	assert_false(failures_read(&notes, &found));
	assert_int_equal(failures_add(&notes, &made, &err), STATUS_LOCAL);
	notes = find(scratch_path(&dir, "data/pg_wal/" NAME), "data/pg_wal/" NAME);
	assert_int_equal(failures_add(&notes, &made, &err), STATUS_LOCAL);
	assert_false(failures_end(&notes, &found));
	assert_false(push_notes_find(&notes, "spool", scratch_path(&dir, "data/pg_wal/" NAME)));
	assert_false(push_notes_find(&notes, spool, scratch_path(&dir, "nowhere/pg_wal/" NAME)));
}

static bool claim_of(const struct push_notes *notes, const char *check, bool failing, int64_t now_s)
{
	bool mine = false;
	const struct claim claim = {.failing = failing, .check = check, .now_s = now_s, .interval_s = 3600};
	assert_ok(notified_claim(notes, &claim, &mine, &err), err);
	return mine;
}

static bool claim(const struct push_notes *notes, bool failing, int64_t now_s)
{
	return claim_of(notes, NOTIFIED_PUSHES, failing, now_s);
}

static void a_notification_is_sent_once_in_a_while(void **unused)
{
	(void)unused;
	static const struct {
		bool failing;
		int64_t now_s;
		bool sent;
	} steps[] = {
	    {false, 900, false}, /* no failure was reported */
	    {true, 1000, true},  {true, 1060, false},  {true, 4599, false},
	    {true, 4600, true},  {false, 4700, true},  {false, 4760, false}, /* once */
	    {true, 4800, false}, {false, 4900, false},                       /* within the interval: neither */
	    {true, 9000, true},  {true, 500, true},                          /* the clock was set back */
	    {false, 600, true},
	};
	struct push_notes notes = find(spool, "data/pg_wal/" NAME);
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		assert_int_equal(claim(&notes, steps[i].failing, steps[i].now_s), steps[i].sent);
}

/* A successful push proves nothing about a disk that fills. */
static void a_push_does_not_take_back_other_checks(void **unused)
{
	(void)unused;
	static const struct {
		const char *check;
		bool failing;
		int64_t now_s;
		bool sent;
		const char *noted;
	} steps[] = {
	    {"disk", true, 1000, true, "disk"},       {"pushes", false, 1100, false, "disk"},
	    {"pushes", true, 1200, false, "disk"},    {"pushes", false, 1300, false, "disk"},
	    {NULL, false, 1400, true, "disk"},        {NULL, false, 1500, false, "disk"},
	    {"pushes", true, 5000, true, "pushes"},   {"pushes", false, 5100, true, "pushes"},
	    {"pushes", true, 9000, true, "pushes"},   {NULL, false, 9100, true, "pushes"},
	    {"chain", true, 15000, true, "chain"},    {"pushes", true, 19000, true, "pushes"},
	    {"pushes", false, 19100, true, "pushes"},
	};
	struct push_notes notes = find(spool, "data/pg_wal/" NAME);
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		struct notified notified;
		if (claim_of(&notes, steps[i].check, steps[i].failing, steps[i].now_s) != steps[i].sent)
			fail_msg("step %zu", i);
		notified_read(&notes, &notified);
		assert_string_equal(notified.check, steps[i].noted);
	}
}

/* A note of an earlier version, or one that a crash cut off, counts as missing. */
static void a_damaged_notification_is_ignored(void **unused)
{
	(void)unused;
	static const char *const records[] = {
	    "",
	    "walship 1 notified failing                 1000                 1000 n pushes  \nsent",
	    "walship 1 notified\nstate failing\nfailing-at 1000\nat 1000\nlogged no\ncheck pushes\nresult sent\n",
	    "walship 1 notified\nstate failing\nfailing-at never\nat 1000\nlogged no\ncheck pushes\nresult sent\nend\n",
	};
	struct push_notes notes = find(spool, "data/pg_wal/" NAME);
	struct notified notified;
	char path[PUSH_NOTES_PATH_MAX], taken[NOTIFIED_RESULT_MAX];
	assert_int_equal(mkdir(scratch_path(&dir, "spool"), 0700), 0);
	push_notes_path(&notes, "notified", path);
	for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
		scratch_put(&dir, path + strlen(dir.path) + 1, records[i], strlen(records[i]), 0600);
		notified_read(&notes, &notified);
		assert_false(notified.failing);
		assert_int_equal(notified.at_s, 0);
		assert_string_equal(notified.result, "");
		notified_take_result(&notes, taken);
		assert_string_equal(taken, "");
		assert_false(claim(&notes, false, 1100));
		assert_true(claim(&notes, true, 1200));
		notified_set_result(&notes, "sent");
		notified_take_result(&notes, taken);
		assert_string_equal(taken, "sent");
	}
}

static void a_result_is_told_once_and_kept(void **unused)
{
	(void)unused;
	char taken[NOTIFIED_RESULT_MAX], endless[2 * NOTIFIED_RESULT_MAX];
	struct push_notes notes = find(spool, "data/pg_wal/" NAME);
	struct notified notified;
	notified_take_result(&notes, taken);
	assert_string_equal(taken, "");
	assert_true(claim(&notes, true, 1000));
	notified_take_result(&notes, taken);
	assert_string_equal(taken, "");
	notified_set_result(&notes, "a longer one than the next");
	notified_set_result(&notes, "sent");
	notified_take_result(&notes, taken);
	assert_string_equal(taken, "sent");
	notified_take_result(&notes, taken);
	assert_string_equal(taken, "");
	notified_read(&notes, &notified);
	assert_string_equal(notified.result, "sent");
	assert_true(notified.failing && notified.logged);
	assert_int_equal(notified.at_s, 1000);
	/* The next notification has no result yet. */
	assert_true(claim(&notes, false, 1100));
	notified_read(&notes, &notified);
	assert_string_equal(notified.result, "");
	assert_false(notified.failing || notified.logged);
	memset(endless, 'x', sizeof endless - 1);
	endless[sizeof endless - 1] = '\0';
	notified_set_result(&notes, endless);
	notified_take_result(&notes, taken);
	assert_int_equal(strlen(taken), NOTIFIED_RESULT_MAX - 1);
}

static void a_notification_that_cannot_be_recorded_is_not_sent(void **unused)
{
	(void)unused;
	bool mine = true;
	struct push_notes notes = find(scratch_path(&dir, "data/pg_wal/" NAME), "data/pg_wal/" NAME);
	const struct claim claim = {.failing = true, .check = "disk", .now_s = 1000, .interval_s = 3600};
	assert_int_equal(notified_claim(&notes, &claim, &mine, &err), STATUS_LOCAL);
	assert_false(mine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_push_leaves_a_trace, setup, teardown),
	    cmocka_unit_test_setup_teardown(counts_until_one_succeeds, setup, teardown),
	    cmocka_unit_test_setup_teardown(keeps_long_texts_and_odd_times, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_clock_that_was_set_begins_anew, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_damaged_record_is_ignored, setup, teardown),
	    cmocka_unit_test_setup_teardown(needs_a_spool_of_its_own, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_notification_is_sent_once_in_a_while, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_push_does_not_take_back_other_checks, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_damaged_notification_is_ignored, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_result_is_told_once_and_kept, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_notification_that_cannot_be_recorded_is_not_sent, setup, teardown),
	};
	return cmocka_run_group_tests_name("monitor/failures", tests, NULL, NULL);
}
