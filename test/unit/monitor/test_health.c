/* How walship status judges; test/e2e/test_status.py tests what it looks at. */
#include <string.h>

#include "base/cleanup.h"
#include "monitor/health.h"
#include "support/cmocka.h"

#define NOW 1795000000
#define MINUTES(n) ((n)*60)
#define SEGMENT_BYTES (16 * 1024 * 1024)
#define NEWEST "000000010000000000000007"

static struct error err;

/* The defaults of the options. */
static const struct thresholds thresholds = {.age_ms = {900000, 1800000},
					     .ready_files = {128, 512},
					     .ready_bytes = {1ULL << 31, 1ULL << 33},
					     .disk_left_ms = {6 * 3600000, 3600000},
					     .full_ms = {25 * 3600000, 49 * 3600000},
					     .backup_ms = {7 * 3600000, 25 * 3600000}};

/* All is well: segment 7 is archived, and the server writes to number 8. */
static struct health well(void)
{
	struct health health = {.now_s = NOW,
				.system_id = 7601921254259666965,
				.local = true,
				.running = true,
				.pending_known = true,
				.disk_known = true,
				.disk_free = 1ULL << 40,
				.disk_total = 1ULL << 41,
				.disk_full_s = -1,
				.spool_known = true};
	health.checkpoint = (struct checkpoint){"in production", false, 1, 8ULL * SEGMENT_BYTES + 40};
	health.pending.segment_bytes = SEGMENT_BYTES;
	health.archive.known = health.archive.coverage_known = true;
	health.archive.newest_s = NOW - MINUTES(2);
	health.archive.restorable_s = NOW - MINUTES(2);
	health.backup.known = true;
	(void)wal_name_parse(&health.archive.newest, NEWEST, &err);
	return health;
}

static void wait_for(struct health *health, int64_t age_s)
{
	health->pending.files = health->pending.segments = 3;
	health->pending.bytes = 3 * SEGMENT_BYTES;
	health->pending.oldest_s = NOW - age_s;
	health->pending.newest_s = NOW;
	(void)strcpy(health->pending.first, "000000010000000000000008");
}

static void old(struct health *health)
{
	health->archive.newest_s = NOW - MINUTES(300);
}

static void quiet(struct health *health)
{
	old(health);
}

static void waits_a_little(struct health *health)
{
	old(health);
	wait_for(health, MINUTES(14));
}

static void waits(struct health *health)
{
	old(health);
	wait_for(health, MINUTES(15));
}

static void waits_long(struct health *health)
{
	old(health);
	wait_for(health, MINUTES(30));
}

/* A slow drain: the oldest file has waited long, but the newest segment is recent. */
static void drains(struct health *health)
{
	wait_for(health, MINUTES(300));
}

static void not_ready(struct health *health)
{
	old(health);
	health->checkpoint.redo_lsn = 9ULL * SEGMENT_BYTES;
}

static void not_ready_yet(struct health *health)
{
	health->checkpoint.redo_lsn = 9ULL * SEGMENT_BYTES;
}

static void control_unknown(struct health *health)
{
	not_ready(health);
	health->checkpoint.state = NULL;
}

static void never(struct health *health)
{
	health->archive.newest = (struct wal_name){0};
	health->archive.newest_s = 0;
}

static void never_new(struct health *health)
{
	never(health);
	health->checkpoint.redo_lsn = SEGMENT_BYTES + 40;
}

static void never_waits(struct health *health)
{
	never(health);
	wait_for(health, MINUTES(1));
}

static void only_older(struct health *health)
{
	never_new(health);
	health->archive.older = true;
}

/* archive_command = /bin/true */
static void done_in_vain(struct health *health)
{
	(void)wal_name_parse(&health->pending.done, "000000010000000000000008", &err);
}

static void done_in_vain_and_waits(struct health *health)
{
	done_in_vain(health);
	wait_for(health, MINUTES(1));
}

static void done_in_vain_from_the_beginning(struct health *health)
{
	never_new(health);
	done_in_vain(health);
}

static void done(struct health *health)
{
	(void)wal_name_parse(&health->pending.done, NEWEST, &err);
}

static void received_by_a_standby(struct health *health)
{
	done_in_vain(health);
	health->checkpoint.is_standby = true;
}

static void unreachable(struct health *health)
{
	health->archive = (struct health_archive){0};
	(void)error_set(&health->archive.trouble, STATUS_UNREACHABLE, "no answer");
}

static void fails(struct health *health)
{
	health->failures =
	    (struct failures){.since_s = NOW - MINUTES(29), .last_s = NOW - 5, .count = 40, .exit_code = 3};
	(void)error_set(&health->failures.error, STATUS_UNREACHABLE, "HTTP 403");
}

static void fails_long(struct health *health)
{
	fails(health);
	health->failures.since_s = NOW - MINUTES(30);
}

static void others_spool(struct health *health)
{
	health->spool_known = false;
}

/* The server's pushes have another /tmp. */
static void archived_without_a_trace(struct health *health)
{
	health->pending.done_s = NOW - MINUTES(2);
}

static void archived_since_the_last_trace(struct health *health)
{
	archived_without_a_trace(health);
	health->traced_s = NOW - MINUTES(4);
}

static void archived_with_a_trace(struct health *health)
{
	archived_without_a_trace(health);
	health->traced_s = NOW - MINUTES(3);
}

static void fails_without_a_trace(struct health *health)
{
	archived_without_a_trace(health);
	fails(health);
}

static void received_without_a_trace(struct health *health)
{
	archived_without_a_trace(health);
	health->checkpoint.is_standby = true;
}

static void own_timeline_aside(struct health *health)
{
	health->archive.aside = 2;
}

static void unreadable_mark(struct health *health)
{
	(void)error_set(&health->archive.latest_trouble, STATUS_DAMAGED, "7/timeline/00000002.1: not authentic");
}

static void gap(struct health *health)
{
	health->archive.gap_count = 1;
	health->archive.missing = 2;
	(void)wal_name_parse(&health->archive.gaps[0].first, "000000010000000000000003", &err);
	(void)wal_name_parse(&health->archive.gaps[0].last, "000000010000000000000004", &err);
	health->archive.gaps[0].segments = 2;
}

static void single_gaps(struct health *health)
{
	gap(health);
	health->archive.gap_count = 2;
	health->archive.gaps[0].segments = 1;
}

static void fills_in_6h(struct health *health)
{
	health->disk_bytes_per_s = 1 << 20;
	health->disk_full_s = 6L * 3600;
}

static void fills_in_1h(struct health *health)
{
	fills_in_6h(health);
	health->disk_full_s = 3600;
}

static void fills_slowly(struct health *health)
{
	fills_in_6h(health);
	health->disk_full_s = 6L * 3600 + 1;
}

static void full(struct health *health)
{
	health->disk_free = 2 * SEGMENT_BYTES - 1;
}

static void no_data_directory(struct health *health)
{
	*health = (struct health){
	    .now_s = NOW, .system_id = 7, .disk_full_s = -1, .archive = health->archive, .backup = health->backup};
}

static void worst_counts(struct health *health)
{
	unreachable(health);
	fails(health);
	full(health);
}

static void unknown_over_warning(struct health *health)
{
	unreachable(health);
	fails(health);
}

static void clocks_differ(struct health *health)
{
	health->archive.newest_s = NOW + 60;
}

static void stored_in_the_future(struct health *health)
{
	health->archive.newest_s = NOW + MINUTES(60);
}

static void waits_since_the_future(struct health *health)
{
	wait_for(health, -MINUTES(60));
}

/* The known age counts. */
static void stored_in_the_future_and_waits(struct health *health)
{
	stored_in_the_future(health);
	wait_for(health, MINUTES(30));
}

static void began_before_the_clock_was_set(struct health *health)
{
	old(health);
	wait_for(health, NOW - 7);
	fails(health);
	health->failures.since_s = 7;
}

static void the_clock_is_not_set(struct health *health)
{
	fails(health);
	wait_for(health, MINUTES(30));
	health->now_s = 3600;
}

#define O HEALTH_OK
#define W HEALTH_WARNING
#define U HEALTH_UNKNOWN
#define C HEALTH_CRITICAL

static const struct {
	const char *name;
	void (*change)(struct health *);
	int code;
	enum health_level levels[HEALTH_CHECK_COUNT]; /* archive, backlog, pushes, chain, disk */
	const char *text;                             /* in one of the checks */
} cases[] = {
    {"quiet", quiet, 0, {O, O, O, O, O}, "a quiet server"},
    {"waits a little", waits_a_little, 0, {O, O, O, O, O}, "later files have waited for 14 min"},
    {"waits", waits, 1, {W, W, O, O, O}, "later files have waited for 15 min"},
    {"waits long", waits_long, 2, {C, C, O, O, O}, "3 files wait to be archived (48.0 MiB), for 30 min"},
    {"drains", drains, 2, {O, C, O, O, O}, "2 min old; later files have waited"},
    {"not ready", not_ready, 2, {C, O, O, O, O}, "1 later segment is finished but not marked for archiving"},
    {"not ready yet", not_ready_yet, 0, {O, O, O, O, O}, "1 later segment is finished but not marked for archiving"},
    {"control unknown", control_unknown, 0, {O, O, O, O, O}, "a quiet server"},
    {"never", never, 2, {C, O, O, O, O}, "has ever been archived here"},
    {"never, new", never_new, 0, {O, O, O, O, O}, "PostgreSQL has not finished a segment"},
    {"never, waits", never_waits, 0, {O, O, O, O, O}, "the first files wait"},
    {"only older", only_older, 2, {C, O, O, O, O}, "none from the last 4 GiB"},
    {"done in vain",
     done_in_vain,
     2,
     {C, O, O, O, O},
     "PostgreSQL has marked 000000010000000000000008 as archived, but the repository ends with " NEWEST},
    {"done in vain, and waits", done_in_vain_and_waits, 2, {C, O, O, O, O}, "the repository ends with " NEWEST},
    {"done in vain from the beginning",
     done_in_vain_from_the_beginning,
     2,
     {C, O, O, O, O},
     "the repository has no recent segment of this cluster"},
    {"done", done, 0, {O, O, O, O, O}, "newest segment is " NEWEST ", 2 min old"},
    {"received by a standby", received_by_a_standby, 0, {O, O, O, O, O}, "newest segment is " NEWEST},
    {"unreachable", unreachable, 3, {U, O, O, U, O}, "cannot read the repository: no answer"},
    {"fails",
     fails,
     1,
     {O, O, W, O, O},
     "40 pushes in a row have failed since 2026-11-18T10:37:40Z, the last 5 s ago with exit code 3: HTTP 403"},
    {"fails long", fails_long, 2, {O, O, C, O, O}, "40 pushes in a row"},
    {"other's spool", others_spool, 3, {O, O, U, O, O}, ""},
    {"archived without a trace",
     archived_without_a_trace,
     3,
     {O, O, U, O, O},
     "since PostgreSQL archived a file at 2026-11-18T11:04:40Z: failures may be recorded elsewhere"},
    {"archived since the last trace", archived_since_the_last_trace, 3, {O, O, U, O, O}, "no push has left a trace"},
    {"archived with a trace", archived_with_a_trace, 0, {O, O, O, O, O}, "no push has failed"},
    {"fails without a trace", fails_without_a_trace, 1, {O, O, W, O, O}, "40 pushes in a row"},
    {"received without a trace", received_without_a_trace, 0, {O, O, O, O, O}, "no push has failed"},
    {"own timeline aside", own_timeline_aside, 1, {O, O, O, W, O}, "timeline 2 is set aside: recovery"},
    {"unreadable mark", unreadable_mark, 2, {O, O, O, C, O}, "latest timeline stops: 7/timeline/00000002.1: not auth"},
    {"gap",
     gap,
     2,
     {O, O, O, C, O},
     "2 segments are missing, the first range is 000000010000000000000003 to 000000010000000000000004"},
    {"single gaps", single_gaps, 2, {O, O, O, C, O}, "2 segments are missing, the first is 000000010000000000000003;"},
    {"fills in 6 h", fills_in_6h, 1, {O, O, O, O, W}, "full in 6 h 0 min at 1.0 MiB a second"},
    {"fills in 1 h", fills_in_1h, 2, {O, O, O, O, C}, "full in 1 h 0 min"},
    {"fills slowly", fills_slowly, 0, {O, O, O, O, O}, "full in 6 h 0 min"},
    {"full", full, 2, {O, O, O, O, C}, "full: 32.0 MiB free"},
    {"no data directory", no_data_directory, 0, {O, O, O, O, O}, "not checked: no data directory"},
    {"worst counts", worst_counts, 2, {U, O, W, U, C}, ""},
    {"unknown over warning", unknown_over_warning, 3, {U, O, W, U, O}, ""},
    {"clocks differ", clocks_differ, 0, {O, O, O, O, O}, "newest segment is " NEWEST ", 0 s old"},
    {"stored in the future",
     stored_in_the_future,
     1,
     {W, O, O, O, O},
     "newest segment is " NEWEST
     ", stored at 2026-11-18T12:06:40Z, but this machine's clock says 2026-11-18T11:06:40Z"},
    {"waits since the future",
     waits_since_the_future,
     1,
     {W, W, O, O, O},
     "(48.0 MiB), since 2026-11-18T12:06:40Z, but this machine's clock says 2026-11-18T11:06:40Z; the first is"},
    {"stored in the future, and waits",
     stored_in_the_future_and_waits,
     2,
     {C, C, O, O, O},
     "later files have waited for 30 min"},
    {"began before the clock was set",
     began_before_the_clock_was_set,
     1,
     {W, W, W, O, O},
     "40 pushes in a row have failed since 1970-01-01T00:00:07Z, the last 5 s ago"},
    {"clock not set", the_clock_is_not_set, 1, {W, W, W, O, O}, "this machine's clock says 1970-01-01T01:00:00Z"},
};

static void judges(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct health health = well();
		struct health_report report;
		bool said = false;
		cases[i].change(&health);
		health_judge(&health, &thresholds, &report);
		for (size_t k = 0; k < report.count; k++) {
			const struct health_check *check = &report.checks[k];
			if (check->level != cases[i].levels[k])
				fail_msg("%s: %s is %s: %s", cases[i].name, check->name,
					 health_level_name(check->level), check->text);
			said |= strstr(check->text, cases[i].text) != NULL;
		}
		if (!said)
			fail_msg("%s: nothing says '%s', but: %s", cases[i].name, cases[i].text, report.checks[0].text);
		assert_int_equal(status_exit_code(health_level_status(report.level), EXIT_FOR_MONITOR), cases[i].code);
	}
}

/* Each known value has one sample, and unknown values have none. */
static void metrics_leave_out_unknown_values(void **unused)
{
	(void)unused;
	CLEANUP(buffer_fini) struct buffer out = {0};
	struct health health = well();
	struct health_report report;
	no_data_directory(&health);
	unreachable(&health);
	health_judge(&health, &thresholds, &report);
	assert_ok(health_metrics(&out, &health, &report, &err), err);
	static const char *const there[] = {"walship_status{system_id=\"7\"} 3\n",
					    "walship_repository_reachable{system_id=\"7\"} 0\n",
					    "walship_check_status{system_id=\"7\",check=\"chain\"} 3\n", "\n# EOF\n"};
	static const char *const not_there[] = {"newest", "restorable", "ready", "push_", "disk_f", "server"};
	for (size_t i = 0; i < sizeof there / sizeof there[0]; i++)
		assert_non_null(strstr(buffer_text(&out), there[i]));
	for (size_t i = 0; i < sizeof not_there / sizeof not_there[0]; i++)
		assert_null(strstr(buffer_text(&out), not_there[i]));
}

/* A wrong clock gives no age: 0 or less would silence an alert. The check warns instead. */
static void no_age_by_a_wrong_clock(void **unused)
{
	(void)unused;
	CLEANUP(buffer_fini) struct buffer out = {0};
	struct health health = well();
	struct health_report report;
	stored_in_the_future(&health);
	waits_since_the_future(&health);
	fails(&health);
	health.failures.since_s = 7;
	health_judge(&health, &thresholds, &report);
	assert_non_null(strstr(report.checks[HEALTH_CHECK_ARCHIVE].hint, "a clock is or was wrong"));
	assert_non_null(strstr(report.checks[HEALTH_CHECK_BACKLOG].hint, "a clock is or was wrong"));
	assert_ok(health_metrics(&out, &health, &report, &err), err);
	static const char *const there[] = {"newest_segment_timestamp_seconds{", "ready_files{", "push_failures{",
					    "check=\"archive\"} 1\n", "check=\"backlog\"} 1\n"};
	static const char *const not_there[] = {"_age_seconds{", "push_failing_since_timestamp_seconds{", "} -"};
	for (size_t i = 0; i < sizeof there / sizeof there[0]; i++)
		assert_non_null(strstr(buffer_text(&out), there[i]));
	for (size_t i = 0; i < sizeof not_there / sizeof not_there[0]; i++)
		assert_null(strstr(buffer_text(&out), not_there[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(judges),
	    cmocka_unit_test(metrics_leave_out_unknown_values),
	    cmocka_unit_test(no_age_by_a_wrong_clock),
	};
	return cmocka_run_group_tests_name("monitor/health", tests, NULL, NULL);
}
