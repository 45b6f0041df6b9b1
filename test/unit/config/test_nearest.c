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
		bool near;
	} cases[] = {
	    {"push", "push", 0, true},     {"psuh", "push", 2, true},  {"fetsch", "fetch", 1, true},
	    {"catt", "cat", 1, true},      {"", "cat", 3, false},      {"konfig", "config", 1, true},
	    {"xxxx", "push", 4, false},    {"cut", "cat", 1, true},    {"cxx", "cat", 2, false},
	    {"keygn", "keygen", 1, true},  {"frob", "push", 4, false}, {"confound", "config", 4, false},
	    {"konfik", "config", 2, true},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct nearest nearest = nearest_begin(cases[i].wanted);
		assert_null(nearest.name);
		assert_false(nearest_is_near(&nearest));
		for (size_t j = 0; j < sizeof names / sizeof names[0]; j++)
			nearest_offer(&nearest, names[j], strlen(names[j]));
		assert_string_equal(nearest.name, cases[i].expected);
		assert_int_equal(nearest.distance, cases[i].distance);
		assert_int_equal(nearest_is_near(&nearest), cases[i].near);
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
