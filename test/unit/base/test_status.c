/* The exit codes are a promise to users: doc/design.md. */
#include "support/cmocka.h"
#include "walship/status.h"

static void exit_codes_are_as_promised(void **unused)
{
	(void)unused;
	static const struct {
		enum status status;
		int push, fetch, standby, promotion, monitor;
	} cases[] = {
	    {STATUS_OK, 0, 0, 0, 0, 0},          {STATUS_MISSING, 3, 1, 1, 1, 3},
	    {STATUS_USAGE, 2, 255, 255, 2, 3},   {STATUS_UNREACHABLE, 3, 255, 3, 3, 3},
	    {STATUS_EXISTS, 4, 255, 255, 4, 3},  {STATUS_CONFLICT, 4, 255, 255, 4, 3},
	    {STATUS_DAMAGED, 4, 255, 255, 4, 3}, {STATUS_LOCAL, 5, 255, 5, 5, 3},
	    {STATUS_WARNING, 3, 255, 255, 3, 1}, {STATUS_CRITICAL, 3, 255, 255, 3, 2},
	    {STATUS_UNKNOWN, 3, 255, 255, 3, 3}, {STATUS_INCOMPLETE, 6, 255, 255, 6, 3},
	    {STATUS_UNREAD, 5, 255, 5, 5, 3},
	};
	assert_int_equal(sizeof cases / sizeof cases[0], STATUS_COUNT);
	for (size_t i = 0; i < STATUS_COUNT; i++) {
		assert_int_equal(status_exit_code(cases[i].status, EXIT_FOR_PUSH), cases[i].push);
		assert_int_equal(status_exit_code(cases[i].status, EXIT_FOR_FETCH), cases[i].fetch);
		assert_int_equal(status_exit_code(cases[i].status, EXIT_FOR_STANDBY), cases[i].standby);
		assert_int_equal(status_exit_code(cases[i].status, EXIT_FOR_PROMOTION), cases[i].promotion);
		assert_int_equal(status_exit_code(cases[i].status, EXIT_FOR_MONITOR), cases[i].monitor);
		assert_true(status_meaning(cases[i].status)[0] != '\0');
	}
}

/* PostgreSQL's rules: an archive_command never exits above 125, a restore_command never with 126 to 254. */
static void no_code_is_one_that_postgresql_misreads(void **unused)
{
	(void)unused;
	for (enum status st = STATUS_OK; st < STATUS_COUNT; st++) {
		assert_in_range(status_exit_code(st, EXIT_FOR_PUSH), 0, 125);
		int fetch = status_exit_code(st, EXIT_FOR_FETCH);
		assert_true(fetch == 255 || (fetch == 1 && st == STATUS_MISSING) || (fetch == 0 && st == STATUS_OK));
		int standby = status_exit_code(st, EXIT_FOR_STANDBY);
		assert_true(standby == 255 || standby < 126);
		assert_in_range(status_exit_code(st, EXIT_FOR_PROMOTION), 0, 125);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(exit_codes_are_as_promised),
	    cmocka_unit_test(no_code_is_one_that_postgresql_misreads),
	};
	return cmocka_run_group_tests_name("base/status", tests, NULL, NULL);
}
