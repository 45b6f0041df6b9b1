#include <string.h>

#include "support/cmocka.h"
#include "text/utf8.h"

static void tells_the_length(void **unused)
{
	(void)unused;
	static const struct {
		const char *name, *text;
		size_t expected;
	} cases[] = {
	    {"ASCII", "a", 1},
	    {"first of two bytes", "\xc2\x80", 2},
	    {"last of two bytes", "\xdf\xbf", 2},
	    {"first of three bytes", "\xe0\xa0\x80", 3},
	    {"before the surrogates", "\xed\x9f\xbf", 3},
	    {"after the surrogates", "\xee\x80\x80", 3},
	    {"first of four bytes", "\xf0\x90\x80\x80", 4},
	    {"last character", "\xf4\x8f\xbf\xbf", 4},
	    {"text behind it", "\xc3\xa9t\xc3\xa9", 2},
	    {"continuation byte", "\x80", 0},
	    {"overlong, two bytes", "\xc1\xbf", 0},
	    {"overlong, three bytes", "\xe0\x9f\xbf", 0},
	    {"overlong, four bytes", "\xf0\x8f\xbf\xbf", 0},
	    {"surrogate", "\xed\xa0\x80", 0},
	    {"beyond the last character", "\xf4\x90\x80\x80", 0},
	    {"no first byte", "\xf5\x80\x80\x80", 0},
	    {"cut off", "\xf0\x9f\x98", 0},
	    {"another character inside", "\xe2\x9c(", 0},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (utf8_length(cases[i].text, strlen(cases[i].text)) != cases[i].expected)
			fail_msg("%s", cases[i].name);
	assert_int_equal(utf8_length("", 1), 1); /* the 0 byte */
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(tells_the_length)};
	return cmocka_run_group_tests_name("text/utf8", tests, NULL, NULL);
}
