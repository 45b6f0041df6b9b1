#include <stdio.h>

#include "pg/data/relation_name.h"
#include "support/cmocka.h"

static void reads_the_servers_names(void **unused)
{
	(void)unused;
	static const struct {
		const char *name;
		struct relation_name expected;
	} cases[] = {
	    {"16384", {16384, FORK_MAIN, 0, false}},      {"16384.1", {16384, FORK_MAIN, 1, false}},
	    {"16384_fsm", {16384, FORK_FSM, 0, false}},   {"16384_vm.12", {16384, FORK_VM, 12, false}},
	    {"16384_init", {16384, FORK_INIT, 0, false}}, {"4294967295.32767", {4294967295, FORK_MAIN, 32767, false}},
	    {"t0_16384", {16384, FORK_MAIN, 0, true}},    {"t17_16384_fsm.2", {16384, FORK_FSM, 2, true}},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct relation_name name;
		if (!relation_name_parse(&name, cases[i].name))
			fail_msg("%s is a relation's name", cases[i].name);
		assert_int_equal(name.number, cases[i].expected.number);
		assert_int_equal(name.fork, cases[i].expected.fork);
		assert_int_equal(name.segment, cases[i].expected.segment);
		assert_int_equal(name.temporary, cases[i].expected.temporary);
	}
}

static void refuses_all_others(void **unused)
{
	(void)unused;
	static const char *const names[] = {
	    "",       "0",          "016384",     "16384.",          "16384.0",    "16384.01",
	    "16384_", "16384_xx",   "16384_fsm1", "16384_fsm.",      "16384 ",     "x16384",
	    "-1",     "4294967296", "16384.1.2",  "16384.32768",     "t_16384",    "t3",
	    "t3_",    "t3_0",       "pg_control", "pg_filenode.map", "PG_VERSION", "pg_internal.init",
	};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct relation_name name;
		if (relation_name_parse(&name, names[i]))
			fail_msg("%s is not a relation's name", names[i]);
	}
}

static void knows_where_relations_lie(void **unused)
{
	(void)unused;
	static const struct {
		const char *path;
		bool expected;
	} cases[] = {
	    {"global", true},
	    {"base/1", true},
	    {"base/16384", true},
	    {"pg_tblspc/16385/PG_15_202209061/5", true},
	    {"", false},
	    {"base", false},
	    {"base/", false},
	    {"base/x", false},
	    {"base/1/2", false},
	    {"base/01", false},
	    {"xbase/1", false},
	    {"global/1", false},
	    {"pg_xact", false},
	    {"database/1", false},
	    {"pg_tblspc/16385", false},
	    {"pg_tblspc/16385/PG_15_202209061", false},
	    {"pg_tblspc/16385/PG_15_202209061/", false},
	    {"pg_tblspc/16385/base/5", false},
	    {"pg_tblspc/x/PG_15_202209061/5", false},
	    {"pg_tblspc/16385/PG_15_202209061/pgsql_tmp", false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (relation_directory(cases[i].path) != cases[i].expected)
			fail_msg("%s", cases[i].path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_the_servers_names),
	    cmocka_unit_test(refuses_all_others),
	    cmocka_unit_test(knows_where_relations_lie),
	};
	return cmocka_run_group_tests_name("pg/data/relation_name", tests, NULL, NULL);
}
