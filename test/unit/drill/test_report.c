#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drill/report.h"
#include "support/cmocka.h"

#define NOW 1795934530

/* From the newest transaction, or the backup's end; never below 0, and not for a target. */
static void tells_what_was_lost(void **unused)
{
	(void)unused;
	static const struct {
		const char *name;
		bool to_end, opened;
		int64_t newest_s, backup_s, expected;
	} cases[] = {
	    {"a transaction", true, true, NOW - 12, NOW - 3600, 12},
	    {"none after the backup", true, true, 0, NOW - 3600, 3600},
	    {"clocks differ", true, true, NOW + 5, NOW - 3600, 0},
	    {"to a target", false, true, NOW - 12, NOW - 3600, -1},
	    {"it did not open", true, false, NOW - 12, NOW - 3600, -1},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct drill_report report = {.begun_s = NOW,
						    .to_end = cases[i].to_end,
						    .opened = cases[i].opened,
						    .newest_us = cases[i].newest_s * 1000000,
						    .restored = {.backup_ended_s = cases[i].backup_s}};
		if (report_rpo_s(&report) != cases[i].expected)
			fail_msg("%s: %lld", cases[i].name, (long long)report_rpo_s(&report));
	}
}

/* Checks are no part of a recovery. */
static void adds_the_parts_of_a_recovery(void **unused)
{
	(void)unused;
	struct drill_report report = {.opened = true};
	for (enum drill_part part = 0; part < DRILL_PART_COUNT; part++)
		report.ms[part] = 1 << part;
	assert_int_equal(report_rto_ms(&report),
			 1 << DRILL_CHOOSE | 1 << DRILL_RESTORE | 1 << DRILL_REPLAY | 1 << DRILL_OPEN);
	report.opened = false;
	assert_int_equal(report_rto_ms(&report), -1);
}

static void keeps_findings(void **unused)
{
	(void)unused;
	struct drill_report report = {.finding_count = 0};
	struct error err;
	(void)error_hint(&err, error_set(&err, STATUS_DAMAGED, "text"), "hint");
	for (int i = 0; i < DRILL_FINDINGS_MAX + 2; i++)
		report_find(&report, DRILL_AMCHECK, STATUS_DAMAGED, &err);
	assert_int_equal(report.finding_count, DRILL_FINDINGS_MAX);
	assert_string_equal(report.findings[0].text, "text");
	assert_string_equal(report.findings[0].hint, "hint");
	assert_non_null(strstr(report_meaning(&report.findings[0]), "wrong or missing rows"));
	report.findings[0].status = STATUS_LOCAL;
	assert_non_null(strstr(report_meaning(&report.findings[0]), "on this machine"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tells_what_was_lost),
	    cmocka_unit_test(adds_the_parts_of_a_recovery),
	    cmocka_unit_test(keeps_findings),
	};
	return cmocka_run_group_tests_name("drill/report", tests, NULL, NULL);
}
