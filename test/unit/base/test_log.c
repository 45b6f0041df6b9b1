#include "base/log.h"
#include "support/cmocka.h"
#include "support/world.h"

static void writes_up_to_its_level(void **unused)
{
	(void)unused;
	struct world world;
	world_init(&world);
	world.log.level = LEVEL_WARNING;
	log_line(&world.log, LEVEL_ERROR, "one %d", 1);
	log_line(&world.log, LEVEL_WARNING, "two\nlines\x7f");
	log_line(&world.log, LEVEL_INFO, "three");
	assert_string_equal(buffer_text(&world.logged), "one 1\ntwo?lines?\n");
	assert_true(log_wants(&world.log, LEVEL_WARNING));
	assert_false(log_wants(&world.log, LEVEL_INFO));
	world_fini(&world);
}

static void no_log_is_silent(void **unused)
{
	(void)unused;
	struct log nowhere = {.level = LEVEL_DEBUG};
	log_line(NULL, LEVEL_ERROR, "x");
	log_line(&nowhere, LEVEL_ERROR, "x");
	assert_false(log_wants(NULL, LEVEL_ERROR));
	assert_false(log_wants(&nowhere, LEVEL_ERROR));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(writes_up_to_its_level),
	    cmocka_unit_test(no_log_is_silent),
	};
	return cmocka_run_group_tests_name("base/log", tests, NULL, NULL);
}
