#include <inttypes.h>

#include "config/option.h"
#include "support/cmocka.h"

#define TIME_HINT "write a whole number and a unit, without a space: ms, s, min, h or d; for example 60s"
#define SIZE_HINT "write a whole number and a unit, without a space: B, KiB, MiB or GiB; for example 32MiB"

static const struct {
	enum option_id id;
	const char *text;
	uint64_t number;
} accepted[] = {
    {OPTION_ID_REPO, "anything", 0},
    {OPTION_ID_CIPHER_KEY_FILE, "/a:/b", 0},
    {OPTION_ID_S3_KEY_SECRET, "sesame", 0},
    {OPTION_ID_COMPRESS_LEVEL, "1", 1},
    {OPTION_ID_COMPRESS_LEVEL, "009", 9},
    {OPTION_ID_SYSTEM_ID, "18446744073709551615", UINT64_MAX},
    {OPTION_ID_PUSH_TIMEOUT, "1ms", 1},
    {OPTION_ID_PUSH_TIMEOUT, "2s", 2000},
    {OPTION_ID_PUSH_TIMEOUT, "3min", 180000},
    {OPTION_ID_PUSH_TIMEOUT, "24h", 86400000},
    {OPTION_ID_PUSH_TIMEOUT, "1d", 86400000},
    {OPTION_ID_S3_PART_SIZE, "5242880B", 5242880},
    {OPTION_ID_S3_PART_SIZE, "5120KiB", 5242880},
    {OPTION_ID_S3_PART_SIZE, "5MiB", 5242880},
    {OPTION_ID_S3_PART_SIZE, "1GiB", 1073741824},
    {OPTION_ID_FETCH_AHEAD, "0", 0},
    {OPTION_ID_FETCH_AHEAD, "0B", 0},
    {OPTION_ID_FETCH_AHEAD, "0GiB", 0},
    {OPTION_ID_FETCH_AHEAD, "1B", 1},
    {OPTION_ID_FETCH_AHEAD, "1024GiB", 1099511627776},
    {OPTION_ID_CIPHER, "aes-256-cbc", 0},
    {OPTION_ID_CIPHER, "none", 1},
    {OPTION_ID_LOG_LEVEL, "debug", 3},
};

static const struct {
	enum option_id id;
	const char *text, *expected, *hint;
} refused[] = {
    {OPTION_ID_REPO, "", "has no value", ""},
    {OPTION_ID_S3_KEY_SECRET, "", "has no value", ""},
    {OPTION_ID_COMPRESS_LEVEL, "0", "'0' is out of range", "from 1 to 9"},
    {OPTION_ID_COMPRESS_LEVEL, "10", "'10' is out of range", "from 1 to 9"},
    {OPTION_ID_COMPRESS_LEVEL, "-1", "'-1' is not a whole number", "digits only, 1..9"},
    {OPTION_ID_COMPRESS_LEVEL, " 1", "' 1' is not a whole number", "digits only, 1..9"},
    {OPTION_ID_COMPRESS_LEVEL, "1.5", "'1.5' is not a whole number", "digits only, 1..9"},
    {OPTION_ID_COMPRESS_LEVEL, "0x1", "'0x1' is not a whole number", "digits only, 1..9"},
    {OPTION_ID_SYSTEM_ID, "0", "'0' is out of range", "from 1 to 18446744073709551615"},
    {OPTION_ID_SYSTEM_ID, "18446744073709551616", "'18446744073709551616' is not a whole number",
     "digits only, 1..18446744073709551615"},
    {OPTION_ID_PUSH_TIMEOUT, "60", "'60' is not a time", TIME_HINT},
    {OPTION_ID_PUSH_TIMEOUT, "s", "'s' is not a time", TIME_HINT},
    {OPTION_ID_PUSH_TIMEOUT, "1 s", "'1 s' is not a time", TIME_HINT},
    {OPTION_ID_PUSH_TIMEOUT, "1S", "'1S' is not a time", TIME_HINT},
    {OPTION_ID_PUSH_TIMEOUT, "1m", "'1m' is not a time", TIME_HINT},
    {OPTION_ID_PUSH_TIMEOUT, "18446744073709551615d", "'18446744073709551615d' is not a time", TIME_HINT},
    {OPTION_ID_PUSH_TIMEOUT, "0s", "'0s' is out of range", "from 1ms to 1d"},
    {OPTION_ID_PUSH_TIMEOUT, "86400001ms", "'86400001ms' is out of range", "from 1ms to 1d"},
    {OPTION_ID_STREAM_INTERVAL, "86400001ms", "'86400001ms' is out of range", "from 0ms to 1d"},
    {OPTION_ID_S3_PART_SIZE, "32MB", "'32MB' is not a size", SIZE_HINT},
    {OPTION_ID_S3_PART_SIZE, "5242880", "'5242880' is not a size", SIZE_HINT},
    {OPTION_ID_S3_PART_SIZE, "5242879B", "'5242879B' is out of range", "from 5242880 to 1073741824"},
    {OPTION_ID_S3_PART_SIZE, "1025MiB", "'1025MiB' is out of range", "from 5242880 to 1073741824"},
    {OPTION_ID_S3_PART_SIZE, "0", "'0' is out of range", "from 5242880 to 1073741824"},
    {OPTION_ID_FETCH_AHEAD, "1", "'1' is not a size", SIZE_HINT},
    {OPTION_ID_FETCH_AHEAD, "00", "'00' is not a size", SIZE_HINT},
    {OPTION_ID_FETCH_AHEAD, "-0", "'-0' is not a size", SIZE_HINT},
    {OPTION_ID_FETCH_AHEAD, "1025GiB", "'1025GiB' is out of range", "from 0 to 1099511627776"},
    {OPTION_ID_PUSH_TIMEOUT, "0", "'0' is not a time", TIME_HINT},
    {OPTION_ID_CIPHER, "aes", "'aes' is not a valid value", "one of aes-256-cbc|none"},
    {OPTION_ID_CIPHER, "aes-256-cbc|none", "'aes-256-cbc|none' is not a valid value", "one of aes-256-cbc|none"},
    {OPTION_ID_LOG_LEVEL, "warn", "'warn' is not a valid value", "one of error|warning|info|debug"},
    {OPTION_ID_LOG_LEVEL, "INFO", "'INFO' is not a valid value", "one of error|warning|info|debug"},
};

static void accepts_what_its_type_says(void **unused)
{
	(void)unused;
	struct error err = {0};
	for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
		uint64_t number = 77;
		assert_ok(option_parse(accepted[i].id, accepted[i].text, &number, &err), err);
		if (number != accepted[i].number)
			fail_msg("%s: %" PRIu64, accepted[i].text, number);
	}
}

static void refuses_the_rest_with_words(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		struct error err = {0};
		uint64_t number;
		assert_int_equal(option_parse(refused[i].id, refused[i].text, &number, &err), STATUS_USAGE);
		assert_string_equal(err.text, refused[i].expected);
		assert_string_equal(err.hint, refused[i].hint);
	}
}

static void finds_names(void **unused)
{
	(void)unused;
	char variable[OPTION_VARIABLE_MAX];
	uint64_t number;
	struct error err = {0};
	for (enum option_id id = 0; id < OPTION_COUNT; id++) {
		assert_int_equal(option_find(option_table[id].name), id);
		assert_string_equal(option_nearest(option_table[id].name), option_table[id].name);
		if (option_table[id].value != NULL)
			assert_ok(option_parse(id, option_table[id].value, &number, &err), err);
	}
	assert_int_equal(option_find("rep"), OPTION_COUNT);
	assert_int_equal(option_find(""), OPTION_COUNT);
	assert_string_equal(option_nearest("chipher"), "cipher");
	assert_null(option_nearest("frobnicate"));
	option_variable(OPTION_ID_S3_KEY_SECRET_FILE, variable);
	assert_string_equal(variable, "WALSHIP_S3_KEY_SECRET_FILE");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(accepts_what_its_type_says),
	    cmocka_unit_test(refuses_the_rest_with_words),
	    cmocka_unit_test(finds_names),
	};
	return cmocka_run_group_tests_name("config/option", tests, NULL, NULL);
}
