/* How walship status judges walship stream, by what the stream has noted in the spool. */
#include <string.h>

#include "monitor/health.h"
#include "support/cmocka.h"

#define NOW_S 1795312860
#define LSN 0x40000000

static struct health health;
static struct health_check check;

static int setup(void **unused)
{
	(void)unused;
	health = (struct health){.now_s = NOW_S, .streamed = true};
	health.stream = (struct stream_note){.written_s = NOW_S,
					     .connected = true,
					     .durable_lsn = LSN,
					     .server_lsn = LSN,
					     .durable_s = NOW_S,
					     .slot = "walship",
					     .slot_state = "reserved"};
	return 0;
}

static void judged(enum health_level level, const char *text)
{
	struct health_report report;
	const struct thresholds thresholds = {.age_ms = {1, 1}};
	size_t found = 0;
	health_judge(&health, &thresholds, &report);
	for (size_t i = 0; i < report.count; i++) {
		if (strcmp(report.checks[i].name, "stream") != 0)
			continue;
		found++;
		check = report.checks[i];
	}
	assert_int_equal(found, health.streamed ? 1 : 0);
	if (!health.streamed)
		return;
	if (check.level != level || strstr(check.text, text) == NULL)
		fail_msg("%s: %s", health_level_name(check.level), check.text);
	/* Whatever is wrong, the next step is named. */
	assert_int_equal(check.hint[0] != '\0', level != HEALTH_OK);
}

static void without_a_stream(void **unused)
{
	(void)unused;
	health.streamed = false;
	judged(HEALTH_OK, "");
}

static void by_its_lag(void **unused)
{
	(void)unused;
	static const struct {
		int behind_s;
		enum health_level level;
		const char *text;
	} cases[] = {
	    {0, HEALTH_OK, "16.0 MiB and 0 s behind the server"},
	    {60, HEALTH_OK, "behind the server"},
	    {61, HEALTH_WARNING, "behind the server"},
	    {300, HEALTH_WARNING, "behind the server"},
	    {301, HEALTH_CRITICAL, "16.0 MiB and 5 min"},
	    {86400, HEALTH_CRITICAL, "behind the server"},
	};
	health.stream.server_lsn = LSN + (16 << 20);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		health.stream.durable_s = NOW_S - cases[i].behind_s;
		judged(cases[i].level, cases[i].text);
	}
}

static void a_server_behind_what_is_durable(void **unused)
{
	(void)unused;
	health.stream.server_lsn = LSN - 8192; /* it was asked before the part was stored */
	judged(HEALTH_OK, "0 B and 0 s behind the server");
}

static void without_an_age(void **unused)
{
	(void)unused;
	health.stream.durable_s = 0;
	judged(HEALTH_UNKNOWN, "behind the server");
	health.stream.durable_s = NOW_S + 86400; /* the clock was ahead */
	judged(HEALTH_UNKNOWN, "behind the server");
}

static void with_an_error(void **unused)
{
	(void)unused;
	(void)strcpy(health.stream.error, "cannot connect to the server: refused");
	judged(HEALTH_WARNING, "cannot connect to the server: refused");
	health.stream.durable_s = NOW_S - 301;
	judged(HEALTH_CRITICAL, "cannot connect to the server: refused");
}

static void that_runs_no_more(void **unused)
{
	(void)unused;
	health.stream.written_s = NOW_S - STREAM_NOTE_STALE_S;
	judged(HEALTH_OK, "behind the server");
	health.stream.written_s--;
	judged(HEALTH_CRITICAL, "walship stream has not run since 2026-11-22");
	(void)strcpy(health.stream.slot_state, "unreserved");
	judged(HEALTH_CRITICAL, "walship stream has not run since 2026-11-22");
}

static void whose_slot_is_lost(void **unused)
{
	(void)unused;
	(void)strcpy(health.stream.slot_state, "unreserved");
	judged(HEALTH_WARNING, "slot walship is about to be lost");
	(void)strcpy(health.stream.slot_state, "extended");
	judged(HEALTH_OK, "behind the server");
	(void)strcpy(health.stream.slot_state, "lost");
	judged(HEALTH_CRITICAL, "slot walship is lost");
	health.stream.written_s = NOW_S - 3600; /* that it does not run is the lesser trouble */
	judged(HEALTH_CRITICAL, "slot walship is lost");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(without_a_stream, setup),
	    cmocka_unit_test_setup(by_its_lag, setup),
	    cmocka_unit_test_setup(a_server_behind_what_is_durable, setup),
	    cmocka_unit_test_setup(without_an_age, setup),
	    cmocka_unit_test_setup(with_an_error, setup),
	    cmocka_unit_test_setup(that_runs_no_more, setup),
	    cmocka_unit_test_setup(whose_slot_is_lost, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
