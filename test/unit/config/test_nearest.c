#include <string.h>

#include "config/nearest.h"
#include "support/cmocka.h"

static void names_the_nearest(void **unused)
{
	(void)unused;
	static const char *const names[] = {"push", "fetch", "cat", "keygen", "config", "help"};
	static const struct {
		const char *wanted, *expected;
		size_t distance;
	} cases[] = {
	    {"push", "push", 0}, {"psuh", "push", 2},     {"fetsch", "fetch", 1}, {"catt", "cat", 1},
	    {"", "cat", 3},      {"konfig", "config", 1}, {"xxxx", "push", 4},    {"keygn", "keygen", 1},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct nearest nearest = nearest_begin(cases[i].wanted);
		assert_null(nearest.name);
		for (size_t j = 0; j < sizeof names / sizeof names[0]; j++)
			nearest_offer(&nearest, names[j], strlen(names[j]));
		assert_string_equal(nearest.name, cases[i].expected);
		assert_int_equal(nearest.distance, cases[i].distance);
	}
}

static void compares_beginnings_of_long_names(void **unused)
{
	(void)unused;
	char longer[200];
	memset(longer, 'a', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	struct nearest nearest = nearest_begin(longer);
	nearest_offer(&nearest, longer, 199);
	assert_int_equal(nearest.distance, 0);
	nearest_offer(&nearest, "b|c", 1);
	assert_int_equal(nearest.len, 199);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_the_nearest),
	    cmocka_unit_test(compares_beginnings_of_long_names),
	};
	return cmocka_run_group_tests_name("config/nearest", tests, NULL, NULL);
}
