#include "console/measure.h"
#include "support/cmocka.h"

static void says_bytes(void **unused)
{
	(void)unused;
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
	    {0, "0 B"},
	    {1023, "1023 B"},
	    {1024, "1.0 KiB"},
	    {1536, "1.5 KiB"},
	    {1024 * 1024 - 1, "1.0 MiB"}, /* never 1024.0 KiB */
	    {16 * 1024 * 1024, "16.0 MiB"},
	    {1ULL << 40, "1.0 TiB"},
	    {UINT64_MAX, "16.0 EiB"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char out[MEASURE_MAX];
		measure_bytes(cases[i].bytes, out);
		assert_string_equal(out, cases[i].text);
	}
}

static void says_seconds(void **unused)
{
	(void)unused;
	static const struct {
		int64_t seconds;
		const char *text;
	} cases[] = {
	    {INT64_MIN, "0 s"},
	    {-1, "0 s"},
	    {0, "0 s"},
	    {59, "59 s"},
	    {60, "1 min"},
	    {3599, "59 min"},
	    {3600, "1 h 0 min"},
	    {86399, "23 h 59 min"},
	    {86400, "1 d 0 h"},
	    {12 * 86400 + 5 * 3600, "12 d 5 h"},
	    {INT64_MAX, "106751991167300 d 15 h"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char out[MEASURE_MAX];
		measure_seconds(cases[i].seconds, out);
		assert_string_equal(out, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(says_bytes), cmocka_unit_test(says_seconds)};
	return cmocka_run_group_tests_name("console/measure", tests, NULL, NULL);
}
