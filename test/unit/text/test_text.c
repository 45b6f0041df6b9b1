#include <string.h>
#include <strings.h>

#include "support/cmocka.h"
#include "text/text.h"

static void finds_a_whole_text_only(void **unused)
{
	(void)unused;
	static const char *const list[] = {"one", "two", NULL};
	static const char *const none[] = {NULL};
	assert_true(text_is_one_of("two", list, strcmp));
	assert_false(text_is_one_of("tw", list, strcmp));
	assert_false(text_is_one_of("twos", list, strcmp));
	assert_false(text_is_one_of("", list, strcmp));
	assert_false(text_is_one_of("TWO", list, strcmp));
	assert_true(text_is_one_of("TWO", list, strcasecmp));
	assert_false(text_is_one_of("one", none, strcmp));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(finds_a_whole_text_only)};
	return cmocka_run_group_tests_name("text/text", tests, NULL, NULL);
}
