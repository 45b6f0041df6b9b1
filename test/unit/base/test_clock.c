#include <string.h>

#include "base/clock.h"
#include "support/cmocka.h"

static const struct {
	const char *text;
	int64_t seconds; /* -1: invalid */
} cases[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"2013-05-24T00:00:00Z", 1369353600},
    {"2013-05-24T00:00:00.123456Z", 1369353600},
    {"2013-05-24T02:00:00+02:00", 1369353600},
    {"2013-05-23T22:30:00.5-0130", 1369353600},
    {"2100-02-28T23:59:60Z", 4107542400},
    {"2013-05-24T00:00:00", -1},
    {"2013-05-24 00:00:00Z", -1},
    {"2013-05-24T00:00:00Zulu", -1},
    {"2013-13-24T00:00:00Z", -1},
    {"soon", -1},
    {"", -1},
};

static void reads_times(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t got = -1;
		if (utc_parse(cases[i].text, &got) != (cases[i].seconds >= 0) || got != cases[i].seconds)
			fail_msg("%s is %lld", cases[i].text, (long long)got);
	}
}

static void writes_times(void **unused)
{
	(void)unused;
	char text[UTC_TEXT_SIZE];
	utc_text(1369353600, text);
	assert_string_equal(text, "2013-05-24T00:00:00Z");
	utc_text(INT64_MAX, text);
	assert_string_equal(text, "");
}

#define NOW 1795000000

static const struct {
	int64_t now_s, then_s, age_s; /* -1: unknown */
} ages[] = {
    {NOW, NOW - 5, 5},
    {NOW, NOW, 0},
    {NOW, NOW + CLOCK_DRIFT_S, 0},
    {NOW, NOW + CLOCK_DRIFT_S + 1, -1},
    {NOW, CLOCK_SET_S, NOW - CLOCK_SET_S},
    {NOW, CLOCK_SET_S - 1, -1},
    {NOW, 7, -1},
    {NOW, 0, -1},
    {NOW, INT64_MIN, -1},
    {NOW, INT64_MAX, -1},
    {700, 7, 693}, /* a clock that is not set still advances */
    {700, NOW, -1},
    {700, -1, -1},
};

static void tells_ages(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof ages / sizeof ages[0]; i++) {
		int64_t age_s = -1;
		bool told = clock_age(ages[i].now_s, ages[i].then_s, &age_s);
		if (told != (ages[i].age_s >= 0) || age_s != (told ? ages[i].age_s : 0))
			fail_msg("case %zu is %lld", i, (long long)age_s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(reads_times), cmocka_unit_test(writes_times),
					   cmocka_unit_test(tells_ages)};
	return cmocka_run_group_tests_name("base/clock", tests, NULL, NULL);
}
