#include "base/call.h"
#include "support/cmocka.h"
#include "support/world.h"

static int begun;

static void note_step(void)
{
	begun++;
}

static void a_step_of_a_bounded_call_is_the_call(void **unused)
{
	(void)unused;
	struct world world;
	world_init(&world);
	world.call.step_begun = note_step;
	world.monotonic_ms = world.call.deadline_ms - 10;
	struct call step = call_step(&world.call);
	assert_int_equal(call_left_ms(&step), 10);
	assert_int_equal(begun, 0);
	world_fini(&world);
}

static void each_step_of_another_has_time_of_its_own(void **unused)
{
	(void)unused;
	struct world world;
	world_init(&world);
	world.call.step_ms = 500;
	for (int i = 0; i < 3; i++) {
		world.monotonic_ms = world.call.deadline_ms + i * 1000;
		struct call step = call_step(&world.call);
		assert_int_equal(call_left_ms(&step), 500);
		/* A step of a step gets a new deadline too. */
		world.monotonic_ms += 400;
		struct call inner = call_step(&step);
		assert_int_equal(call_left_ms(&inner), 500);
		assert_int_equal(call_left_ms(&step), 100);
	}
	assert_int_equal(begun, 0);
	world.call.step_begun = note_step;
	(void)call_step(&world.call);
	assert_int_equal(begun, 1);
	world_fini(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_step_of_a_bounded_call_is_the_call),
	    cmocka_unit_test(each_step_of_another_has_time_of_its_own),
	};
	return cmocka_run_group_tests_name("base/call", tests, NULL, NULL);
}
