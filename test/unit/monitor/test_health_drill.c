/* How walship status judges the newest drill, by its report in the repository. */
#include <string.h>

#include "monitor/health.h"
#include "support/cmocka.h"

#define NOW_S 1795312860
#define HOUR 3600

static struct health health;
static struct thresholds thresholds;

static int setup(void **unused)
{
	(void)unused;
	health = (struct health){.now_s = NOW_S};
	health.drill = (struct health_drill){.wanted = true, .known = true, .found = true};
	health.drill.record =
	    (struct drill_record){.ok = true, .begun_s = NOW_S - 5 * HOUR, .rpo_s = 12, .rto_s = 41.2, .replay_s = 8};
	(void)strcpy(health.drill.name.object, "7/drill/20261122T020000Z");
	thresholds = (struct thresholds){
	    .age_ms = {1, 1}, .drill_expected = true, .drill_ms = {25 * HOUR * 1000, 49 * HOUR * 1000}};
	return 0;
}

static void judged(enum health_level level, const char *text, const char *hint)
{
	struct health_report report;
	size_t found = 0;
	health_judge(&health, &thresholds, &report);
	for (size_t i = 0; i < report.count; i++) {
		const struct health_check *check = &report.checks[i];
		if (strcmp(check->name, "drill") != 0)
			continue;
		found++;
		if (check->level != level || strstr(check->text, text) == NULL || strstr(check->hint, hint) == NULL)
			fail_msg("%s: %s (%s)", health_level_name(check->level), check->text, check->hint);
	}
	assert_int_equal(found, health.drill.wanted ? 1 : 0);
}

static void not_wanted(void **unused)
{
	(void)unused;
	health.drill.wanted = false;
	judged(HEALTH_OK, "", "");
}

static void none_yet(void **unused)
{
	(void)unused;
	health.drill.found = false;
	judged(HEALTH_CRITICAL, "no drill has been done, although drill-at is set", "walship drill");
	thresholds.drill_expected = false;
	judged(HEALTH_OK, "not checked: no drill has been done", "");
}

static void that_worked(void **unused)
{
	(void)unused;
	static const struct {
		int hours;
		enum health_level level;
	} cases[] = {{0, HEALTH_OK},       {24, HEALTH_OK},       {25, HEALTH_WARNING},
		     {48, HEALTH_WARNING}, {49, HEALTH_CRITICAL}, {4900, HEALTH_CRITICAL}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		health.drill.record.begun_s = NOW_S - (int64_t)cases[i].hours * HOUR;
		thresholds.drill_expected = true;
		judged(cases[i].level, "the newest drill worked, ",
		       cases[i].level == HEALTH_OK ? "" : "walship run-due -v");
		/* Drills that are done by hand cannot be late. */
		thresholds.drill_expected = false;
		judged(HEALTH_OK, "RPO 12 s, RTO 41.2 s", "");
	}
}

static void a_drill_to_a_target_has_no_rpo(void **unused)
{
	(void)unused;
	health.drill.record.rpo_s = -1;
	judged(HEALTH_OK, "to a given time, RTO 41.2 s", "");
}

static void from_the_future(void **unused)
{
	(void)unused;
	health.drill.record.begun_s = NOW_S + 24 * HOUR;
	judged(HEALTH_WARNING, "the newest drill worked", "clock");
}

static void that_failed(void **unused)
{
	(void)unused;
	health.drill.record.ok = false;
	health.drill.record.rto_s = -1;
	(void)strcpy(health.drill.record.problem, "WAL is missing: 000000010000000000000007");
	judged(HEALTH_CRITICAL, "failed: WAL is missing: 000000010000000000000007",
	       "walship cat 7/drill/20261122T020000Z");
	/* However old, and whether one is expected or not. */
	thresholds.drill_expected = false;
	judged(HEALTH_CRITICAL, "failed: WAL is missing", "");
}

static void that_cannot_be_read(void **unused)
{
	(void)unused;
	health.drill.known = false;
	(void)strcpy(health.drill.trouble.text, "the store does not answer");
	(void)strcpy(health.drill.trouble.hint, "try again");
	judged(HEALTH_UNKNOWN, "cannot read the newest drill: the store does not answer", "try again");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(not_wanted, setup),
	    cmocka_unit_test_setup(none_yet, setup),
	    cmocka_unit_test_setup(that_worked, setup),
	    cmocka_unit_test_setup(a_drill_to_a_target_has_no_rpo, setup),
	    cmocka_unit_test_setup(from_the_future, setup),
	    cmocka_unit_test_setup(that_failed, setup),
	    cmocka_unit_test_setup(that_cannot_be_read, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
