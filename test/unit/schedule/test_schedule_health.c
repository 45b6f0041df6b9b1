/* How late is late, and how old a backup may be, by the schedule. */
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "schedule/schedule_health.h"
#include "support/cmocka.h"

static struct error err;

static int64_t utc(const char *text)
{
	int64_t seconds;
	assert_true(utc_parse(text, &seconds));
	return seconds;
}

static int use_utc(void **unused)
{
	(void)unused;
	assert_int_equal(setenv("TZ", "UTC0", 1), 0);
	tzset();
	return 0;
}

static void a_tenth_and_ten_minutes(void **unused)
{
	(void)unused;
	static const struct {
		const char *times, *due, *late;
	} cases[] = {
	    {"0 2 * * *", "2027-01-02T02:00:00Z", "2027-01-02T04:34:00Z"},
	    {"0 2 * * sun", "2027-01-03T02:00:00Z", "2027-01-03T18:58:00Z"},
	    {"* * * * *", "2027-01-02T02:00:00Z", "2027-01-02T02:10:06Z"},
	    {"0 9,17 * * mon-fri", "2027-01-01T17:00:00Z", "2027-01-01T23:34:00Z"}, /* until Monday at 9 */
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct cron cron;
		char late[UTC_TEXT_SIZE];
		assert_ok(cron_parse(&cron, cases[i].times, &err), err);
		utc_text(schedule_late_s(&cron, utc(cases[i].due)), late);
		assert_string_equal(late, cases[i].late);
		assert_true(schedule_late_s(&cron, INT64_MAX) == INT64_MAX);
	}
}

#define HOUR_MS 3600000ULL

static void ages_follow_the_due_times(void **unused)
{
	(void)unused;
	static const struct {
		const char *full, *diff, *incr, *now;
		enum task least;
		uint64_t warning_ms, critical_ms; /* 0: as before */
	} cases[] = {
	    /* Daily at 2: until 4:34 the backup of the day before is enough. */
	    {"0 2 * * *", NULL, NULL, "2027-01-02T04:33:00Z", TASK_FULL, 1593 * 60000ULL, 3033 * 60000ULL},
	    {"0 2 * * *", NULL, NULL, "2027-01-02T05:00:00Z", TASK_FULL, 3 * HOUR_MS, 27 * HOUR_MS},
	    /* Sunday, and each other day: Wednesday noon. */
	    {"0 2 * * sun", "0 2 * * mon-sat", NULL, "2027-01-06T12:00:00Z", TASK_FULL, 82 * HOUR_MS, 250 * HOUR_MS},
	    {"0 2 * * sun", "0 2 * * mon-sat", NULL, "2027-01-06T12:00:00Z", TASK_INCR, 10 * HOUR_MS, 34 * HOUR_MS},
	    /* Office hours only: on Sunday the backup of Friday evening is enough. */
	    {NULL, NULL, "0 9-17 * * mon-fri", "2027-01-03T12:00:00Z", TASK_INCR, 43 * HOUR_MS, 44 * HOUR_MS},
	    {NULL, NULL, "0 9-17 * * mon-fri", "2027-01-03T12:00:00Z", TASK_FULL, 0, 0},
	    {"0 0 30 2 *", NULL, NULL, "2027-01-03T12:00:00Z", TASK_FULL, 0, 0},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct agenda agenda = {0};
		const char *const times[] = {cases[i].full, cases[i].diff, cases[i].incr};
		struct threshold age = {0};
		for (enum task task = TASK_FULL; task <= TASK_INCR; task++)
			if (times[task] != NULL) {
				agenda.tasks[task].scheduled = true;
				assert_ok(cron_parse(&agenda.tasks[task].cron, times[task], &err), err);
			}
		schedule_age(&age, &agenda, cases[i].least, utc(cases[i].now));
		if (age.warning != cases[i].warning_ms || age.critical != cases[i].critical_ms)
			fail_msg("%zu: %llu and %llu min", i, (unsigned long long)age.warning / 60000,
				 (unsigned long long)age.critical / 60000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_tenth_and_ten_minutes, use_utc),
	    cmocka_unit_test_setup(ages_follow_the_due_times, use_utc),
	};
	return cmocka_run_group_tests_name("schedule/schedule_health", tests, NULL, NULL);
}
