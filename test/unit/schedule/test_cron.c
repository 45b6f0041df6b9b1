#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "schedule/cron.h"
#include "support/cmocka.h"

static struct error err;

static void use_zone(const char *zone)
{
	assert_int_equal(setenv("TZ", zone, 1), 0);
	tzset();
}

static int64_t utc(const char *text)
{
	int64_t seconds;
	assert_true(utc_parse(text, &seconds));
	return seconds;
}

static void expect_times(const char *text, const char *after, const char *const *times)
{
	struct cron cron;
	char shown[UTC_TEXT_SIZE];
	assert_ok(cron_parse(&cron, text, &err), err);
	int64_t at = utc(after);
	for (; *times != NULL; times++) {
		at = cron_next(&cron, at);
		utc_text(at, shown);
		assert_string_equal(shown, *times);
	}
}

#define TIMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void fields_mean_what_crontab_says(void **unused)
{
	(void)unused;
	use_zone("UTC");
	const char *now = "2026-11-29T20:17:30Z"; /* a Sunday */
	expect_times("* * * * *", now, TIMES("2026-11-29T20:18:00Z", "2026-11-29T20:19:00Z"));
	expect_times("*/20 * * * *", now,
		     TIMES("2026-11-29T20:20:00Z", "2026-11-29T20:40:00Z", "2026-11-29T21:00:00Z"));
	expect_times("0 2 * * sun", now, TIMES("2026-12-06T02:00:00Z", "2026-12-13T02:00:00Z"));
	expect_times("0 2 * * 7", now, TIMES("2026-12-06T02:00:00Z"));
	expect_times("0 2 * * mon-sat", now, TIMES("2026-11-30T02:00:00Z", "2026-12-01T02:00:00Z"));
	expect_times("30 1,13 1-7/3 jan *", now,
		     TIMES("2027-01-01T01:30:00Z", "2027-01-01T13:30:00Z", "2027-01-04T01:30:00Z"));
	/* A day that fits either. */
	expect_times("0 0 13 * fri", now,
		     TIMES("2026-12-04T00:00:00Z", "2026-12-11T00:00:00Z", "2026-12-13T00:00:00Z"));
	expect_times("0 0 29 2 *", now, TIMES("2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"));
	expect_times("5/20 3 * * *", now,
		     TIMES("2026-11-30T03:05:00Z", "2026-11-30T03:25:00Z", "2026-11-30T03:45:00Z"));
	expect_times("@daily", now, TIMES("2026-11-30T00:00:00Z"));
	expect_times("@HOURLY", now, TIMES("2026-11-29T21:00:00Z"));
	expect_times(" 0\t6   * * *  ", now, TIMES("2026-11-30T06:00:00Z"));
}

static void what_crontab_does_not_know_is_refused(void **unused)
{
	(void)unused;
	static const char *const texts[] = {
	    "",           "* * * *",     "* * * * * *", "60 * * * *",  "* 24 * * *",   "* * 0 * *",
	    "* * 32 * *", "* * * 13 *",  "* * * * 8",   "*/0 * * * *", "5-1 * * * *",  "a * * * *",
	    "1, * * * *", "* * * foo *", "@never",      "-1 * * * *",  "1-2-3 * * * *"};
	struct cron cron;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (cron_parse(&cron, texts[i], &err) != STATUS_USAGE)
			fail_msg("'%s' is accepted", texts[i]);
}

static void no_day_is_never(void **unused)
{
	(void)unused;
	struct cron cron;
	use_zone("UTC");
	assert_ok(cron_parse(&cron, "0 0 30 2 *", &err), err);
	assert_true(cron_next(&cron, utc("2026-11-29T20:17:30Z")) == INT64_MAX);
}

static void daylight_saving_leaves_no_run_out_and_doubles_none(void **unused)
{
	(void)unused;
	/* 2027-03-28 02:00 CET becomes 03:00 CEST at 01:00 UTC; 2027-10-31 03:00 CEST becomes 02:00 CET. */
	use_zone("Europe/Berlin");
	expect_times("30 2 * * *", "2027-03-27T00:00:00Z",
		     TIMES("2027-03-27T01:30:00Z", "2027-03-28T01:00:00Z", "2027-03-29T00:30:00Z"));
	expect_times("*/15 2 * * *", "2027-03-28T00:00:00Z", TIMES("2027-03-28T01:00:00Z", "2027-03-29T00:00:00Z"));
	expect_times("30 2 * * *", "2027-10-30T00:00:00Z",
		     TIMES("2027-10-30T00:30:00Z", "2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z"));
	expect_times("0 * * * *", "2027-10-30T23:30:00Z",
		     TIMES("2027-10-31T00:00:00Z", "2027-10-31T01:00:00Z", "2027-10-31T02:00:00Z"));
	use_zone("America/Toronto");
	expect_times("30 2 * * *", "2027-03-13T12:00:00Z", TIMES("2027-03-14T07:00:00Z", "2027-03-15T06:30:00Z"));
	expect_times("30 1 * * *", "2027-11-06T12:00:00Z", TIMES("2027-11-07T05:30:00Z", "2027-11-08T06:30:00Z"));
	use_zone("Australia/Lord_Howe"); /* half an hour */
	expect_times("15 2 * * *", "2027-10-02T00:00:00Z", TIMES("2027-10-02T15:30:00Z", "2027-10-03T15:15:00Z"));
}

/* A year, minute by minute, against the definition: local times in order. */
static void a_year_agrees_with_the_clock(void **unused)
{
	(void)unused;
	static const char *const zones[] = {"UTC", "Europe/Berlin", "America/Toronto", "Asia/Kolkata"};
	struct cron cron;
	for (size_t zone = 0; zone < sizeof zones / sizeof zones[0]; zone++) {
		use_zone(zones[zone]);
		assert_ok(cron_parse(&cron, "7 4,16 * * *", &err), err);
		int64_t end = utc("2028-01-01T00:00:00Z"), next = cron_next(&cron, utc("2027-01-01T00:00:00Z"));
		for (int64_t at = utc("2027-01-01T00:01:00Z"); at < end; at += 60) {
			time_t when = (time_t)at;
			struct tm tm;
			assert_non_null(localtime_r(&when, &tm));
			bool due = tm.tm_min == 7 && (tm.tm_hour == 4 || tm.tm_hour == 16);
			if (due != (at == next))
				fail_msg("%s: %lld is %sdue", zones[zone], (long long)at, due ? "" : "not ");
			if (due)
				next = cron_next(&cron, at);
		}
	}
}

static void the_last_time_is_before(void **unused)
{
	(void)unused;
	struct cron cron;
	use_zone("UTC");
	assert_ok(cron_parse(&cron, "0 2 * * *", &err), err);
	assert_int_equal(cron_last(&cron, utc("2026-11-01T00:00:00Z"), utc("2026-11-29T20:00:00Z")),
			 utc("2026-11-29T02:00:00Z"));
	assert_int_equal(cron_last(&cron, utc("2026-11-29T02:00:00Z"), utc("2026-11-29T02:00:00Z")),
			 utc("2026-11-29T02:00:00Z"));
	assert_true(cron_last(&cron, utc("2026-11-29T02:00:01Z"), utc("2026-11-29T20:00:00Z")) == INT64_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fields_mean_what_crontab_says),
	    cmocka_unit_test(what_crontab_does_not_know_is_refused),
	    cmocka_unit_test(no_day_is_never),
	    cmocka_unit_test(daylight_saving_leaves_no_run_out_and_doubles_none),
	    cmocka_unit_test(a_year_agrees_with_the_clock),
	    cmocka_unit_test(the_last_time_is_before),
	};
	return cmocka_run_group_tests_name("schedule/cron", tests, NULL, NULL);
}
