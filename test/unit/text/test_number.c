#include <string.h>

#include "support/cmocka.h"
#include "text/number.h"

static void reads_decimal_numbers(void **unused)
{
	(void)unused;
	static const struct {
		const char *text;
		uint64_t most, expected;
		const char *rest; /* NULL: refused */
	} cases[] = {
	    {"0", 0, 0, ""},
	    {"007x", 7, 7, "x"},
	    {"12 34", 12, 12, " 34"},
	    {"18446744073709551615", UINT64_MAX, UINT64_MAX, ""},
	    {"18446744073709551616", UINT64_MAX, 0, NULL},
	    {"99999999999999999999999", UINT64_MAX, 0, NULL},
	    {"65535", 65535, 65535, ""},
	    {"65536", 65535, 0, NULL},
	    {"5", 4, 0, NULL},
	    {"1", 0, 0, NULL},
	    {"", 9, 0, NULL},
	    {" 1", 9, 0, NULL},
	    {"+1", 9, 0, NULL},
	    {"-1", UINT64_MAX, 0, NULL},
	    {"x", 9, 0, NULL},
	    {"0x1", 9, 0, "x1"},
	    {"1a", 9, 1, "a"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint64_t value = 42;
		const char *rest = number_read(cases[i].text, cases[i].most, &value);
		assert_int_equal(value, cases[i].expected);
		if (cases[i].rest == NULL)
			assert_null(rest);
		else
			assert_string_equal(rest, cases[i].rest);
		bool whole = cases[i].rest != NULL && cases[i].rest[0] == '\0';
		value = 42;
		assert_int_equal(number_parse(cases[i].text, cases[i].most, &value), whole);
		assert_int_equal(value, whole ? cases[i].expected : 0);
	}
}

static void takes_either_base_up_to_an_end(void **unused)
{
	(void)unused;
	static const struct {
		const char *text;
		size_t len;
		unsigned base;
		uint64_t most, expected;
		size_t taken; /* 0: refused */
	} cases[] = {
	    {"1F/a", 4, 16, UINT32_MAX, 0x1f, 2},   {"ffffFFFF", 8, 16, UINT32_MAX, UINT32_MAX, 8},
	    {"100000000", 9, 16, UINT32_MAX, 0, 0}, {"100000000", 8, 16, UINT32_MAX, 0x10000000, 8},
	    {"12345", 3, 10, 999, 123, 3},          {"12345", 0, 10, 999, 0, 0},
	    {"g", 1, 16, UINT32_MAX, 0, 0},         {"a", 1, 10, UINT32_MAX, 0, 0},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint64_t value = 42;
		const char *at = cases[i].text;
		bool good = number_take(&at, at + cases[i].len, cases[i].base, cases[i].most, &value);
		assert_int_equal(good, cases[i].taken > 0);
		assert_int_equal(value, cases[i].expected);
		assert_ptr_equal(at, cases[i].text + cases[i].taken);
	}
}

static void knows_digits(void **unused)
{
	(void)unused;
	static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
	for (int c = 1; c < 256; c++) {
		const char *low = strchr(lower, c), *high = strchr(upper, c);
		unsigned expected = low != NULL    ? (unsigned)(low - lower)
				    : high != NULL ? (unsigned)(high - upper)
						   : NUMBER_NO_DIGIT;
		assert_int_equal(number_digit((char)c), expected);
	}
	assert_int_equal(number_digit('\0'), NUMBER_NO_DIGIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_decimal_numbers),
	    cmocka_unit_test(takes_either_base_up_to_an_end),
	    cmocka_unit_test(knows_digits),
	};
	return cmocka_run_group_tests_name("text/number", tests, NULL, NULL);
}
