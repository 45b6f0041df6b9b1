#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/drill_name.h"
#include "support/cmocka.h"

static void makes_and_reads_names(void **unused)
{
	(void)unused;
	struct drill_name name, again;
	assert_true(drill_name_make(&name, UINT64_MAX, 1795934530));
	assert_string_equal(name.object, "18446744073709551615/drill/20261129T064210Z-drill");
	assert_string_equal(name.label, "20261129T064210Z-drill");
	assert_true(drill_name_parse(&again, name.object));
	assert_int_equal(again.begun_s, 1795934530);
	assert_int_equal(again.system_id, UINT64_MAX);
	assert_string_equal(again.label, name.label);
	assert_false(drill_name_make(&name, 1, -1));
}

static void refuses_other_names(void **unused)
{
	(void)unused;
	static const char *const names[] = {
	    "",
	    "1/drill/",
	    "1/drill/20261129T064210Z",
	    "1/drill/20261129T064210Z-full",
	    "1/drill/20261129T064210Z-drill/x",
	    "1/drill/20261129T064210Z-drills",
	    "1/drill/20261329T064210Z-drill",
	    "1/backup/20261129T064210Z-drill",
	    "x/drill/20261129T064210Z-drill",
	    "drill/20261129T064210Z-drill",
	};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct drill_name name;
		if (drill_name_parse(&name, names[i]))
			fail_msg("%s", names[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(makes_and_reads_names),
	    cmocka_unit_test(refuses_other_names),
	};
	return cmocka_run_group_tests_name("catalog/drill_name", tests, NULL, NULL);
}
