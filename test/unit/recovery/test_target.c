#include <string.h>

#include "recovery/target.h"
#include "support/cmocka.h"

static struct error err;

static void reads_times(void **unused)
{
	(void)unused;
	static const struct {
		const char *text, *utc;
	} cases[] = {
	    {"2026-11-29 06:42+00", "2026-11-29 06:42:00.000000+00"},
	    {"2026-11-29 06:42:10+00", "2026-11-29 06:42:10.000000+00"},
	    {"2026-11-29T06:42:10Z", "2026-11-29 06:42:10.000000+00"},
	    {"2026-11-29 06:42:10 UTC", "2026-11-29 06:42:10.000000+00"},
	    {"2026-11-29 06:42:10.5+01", "2026-11-29 05:42:10.500000+00"},
	    {"2026-11-29 06:42:10.1234567-0330", "2026-11-29 10:12:10.123456+00"},
	    {"2026-11-29 00:10 +05:45", "2026-11-28 18:25:00.000000+00"},
	    {"2024-02-29 23:59:59.999999-00:00:01", "2024-03-01 00:00:00.999999+00"},
	    {"1970-01-01 00:00:01+00", "1970-01-01 00:00:01.000000+00"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t time_us;
		char text[TARGET_TIME_MAX];
		assert_ok(target_time_parse(cases[i].text, &time_us, &err), err);
		target_time_text(time_us, text);
		assert_string_equal(text, cases[i].utc);
	}
}

static void refuses_times(void **unused)
{
	(void)unused;
	static const char *const texts[] = {
	    "",
	    "now",
	    "2026-11-29",
	    "2026-11-29 06:42",
	    "2026-11-29 06:42:10",
	    "2026-11-29 6:42+00",
	    "2026-13-01 06:42+00",
	    "2026-02-30 06:42+00",
	    "2025-02-29 06:42+00",
	    "2026-11-29 24:42+00",
	    "2026-11-29 06:60+00",
	    "2026-11-29 06:42:10.+00",
	    "2026-11-29 06:42:10+16",
	    "2026-11-29 06:42:10+00:",
	    "2026-11-29 06:42:10+00 x",
	    "2026-11-29 06:42:10 Europe/Vienna",
	    "2026-11-29  06:42+00",
	    "1969-12-31 23:59+00",
	    "1970-01-01 00:00+01",
	};
	int64_t time_us;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		if (target_time_parse(texts[i], &time_us, &err) != STATUS_USAGE)
			fail_msg("'%s' was taken for a time", texts[i]);
		assert_non_null(strstr(err.hint, "2026-11-29 06:42:10+00"));
	}
	assert_int_equal(target_time_parse("2026-11-29 06:42:10", &time_us, &err), STATUS_USAGE);
	assert_non_null(strstr(err.text, "has no offset"));
}

static void reads_targets(void **unused)
{
	(void)unused;
	static const struct {
		struct target_options options;
		enum target_kind kind;
		const char *text;
	} cases[] = {
	    {{0}, TARGET_END, "the end of the archived WAL"},
	    {{.time = "2026-11-29 06:42:10+01"}, TARGET_TIME, "2026-11-29 05:42:10.000000 UTC"},
	    {{.time = "2026-11-29 06:42:10+01", .exclusive = true},
	     TARGET_TIME,
	     "just before 2026-11-29 05:42:10.000000 UTC"},
	    {{.lsn = "16/B374D848"}, TARGET_LSN, "LSN 16/B374D848"},
	    {{.xid = "4294967999", .exclusive = true}, TARGET_XID, "just before transaction 4294967999"},
	    {{.name = "before the upgrade"}, TARGET_NAME, "restore point before the upgrade"},
	    {{.name = "two\nlines\x1b[2J"}, TARGET_NAME, "restore point two?lines?[2J"},
	    {{.immediate = true, .action = "promote"}, TARGET_IMMEDIATE, "the end of the backup"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct target target;
		char text[TARGET_TEXT_MAX];
		assert_ok(target_parse(&target, &cases[i].options, &err), err);
		assert_int_equal(target.kind, cases[i].kind);
		target_text(&target, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void reads_timelines(void **unused)
{
	(void)unused;
	static const struct {
		const char *text;
		enum target_timeline kind;
		uint32_t number;
	} cases[] = {{NULL, TIMELINE_BY_MOMENT, 0},
		     {"latest", TIMELINE_LATEST, 0},
		     {"current", TIMELINE_CURRENT, 0},
		     {"7", TIMELINE_NUMBER, 7}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct target target;
		const struct target_options options = {.timeline = cases[i].text};
		assert_ok(target_parse(&target, &options, &err), err);
		assert_int_equal(target.timeline_kind, cases[i].kind);
		assert_int_equal(target.timeline, cases[i].number);
	}
}

static void refuses_contradictions(void **unused)
{
	(void)unused;
	static const struct {
		struct target_options options;
		const char *says;
	} cases[] = {
	    {{.time = "2026-11-29 06:42:10+01", .lsn = "0/1"}, "more than one"},
	    {{.name = "x", .immediate = true}, "more than one"},
	    {{.xid = "7", .name = "x"}, "more than one"},
	    {{.exclusive = true}, "--target-exclusive"},
	    {{.name = "x", .exclusive = true}, "--target-exclusive"},
	    {{.immediate = true, .exclusive = true}, "--target-exclusive"},
	    {{.action = "promote"}, "--target-action"},
	    {{.lsn = "B374D848"}, "not an LSN"},
	    {{.xid = "2"}, "not a transaction"},
	    {{.xid = "-7"}, "not a transaction"},
	    {{.timeline = "0"}, "not a timeline"},
	    {{.timeline = "0x2"}, "not a timeline"},
	    {{.name = "a name of sixty-four bytes, which is one more than the server keeps...."}, "at most 63 bytes"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct target target;
		assert_int_equal(target_parse(&target, &cases[i].options, &err), STATUS_USAGE);
		if (strstr(err.text, cases[i].says) == NULL)
			fail_msg("case %zu: %s", i, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_times),
	    cmocka_unit_test(refuses_times),
	    cmocka_unit_test(reads_targets),
	    cmocka_unit_test(reads_timelines),
	    cmocka_unit_test(refuses_contradictions),
	};
	return cmocka_run_group_tests_name("recovery/target", tests, NULL, NULL);
}
