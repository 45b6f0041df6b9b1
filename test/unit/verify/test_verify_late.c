/* A listing that push-ahead overtakes: what is missing in it is stored while verify waits. */
#include <string.h>

#include "pg/wal/name.h"
#include "support/cmocka.h"
#include "support/memory_store.h"
#include "support/world.h"
#include "verify/verify_late.h"

#define MIB (1024 * 1024)
#define NOW 1795000000

static struct world world;
static struct store *store;
static struct error err;
static uint64_t coming[4]; /* segments that are stored during each wait; 0: none */
static int waits;

static void put(uint64_t number)
{
	static const char content[200];
	char object[WAL_OBJECT_NAME_MAX];
	struct wal_name name;
	struct sink *sink = NULL;
	wal_name_of_number(&name, 1, number, 16 * MIB);
	wal_object_name(object, 42, &name);
	assert_ok(store_create(store, &world.call, object, &sink, &err), err);
	assert_ok(sink_write(sink, content, sizeof content, &err), err);
	assert_ok(sink_finish(sink, &err), err);
	sink_free(sink);
}

static void sleep_ms(void *arg, int64_t ms)
{
	(void)arg;
	world.slept_ms += ms;
	if (coming[waits] != 0)
		put(coming[waits]);
	waits++;
}

/* Segments 3 and 6 were listed, 6 stored so long ago; first and second come during the waits. */
static void run(int64_t age_s, uint64_t first, uint64_t second, uint64_t missing)
{
	struct coverage coverage;
	world_init(&world);
	world.clock.sleep_ms = sleep_ms;
	world.utc_s = NOW;
	store = memory_store_open();
	waits = 0;
	coming[0] = first;
	coming[1] = second;
	coverage_init(&coverage, 42, 16 * MIB);
	for (uint64_t number = 3; number <= 6; number += 3) {
		struct wal_name name;
		wal_name_of_number(&name, 1, number, 16 * MIB);
		put(number);
		assert_ok(coverage_add(&coverage, &name, 200, NOW - age_s, &err), err);
	}
	put(4);
	assert_ok(coverage_end(&coverage, &err), err);
	const struct late_search search = {&world.call, store, 60000};
	assert_ok(verify_late(&search, &coverage, &err), err);
	assert_int_equal(coverage.timelines[0].gap_segments, missing);
	assert_int_equal(coverage_is_complete(&coverage), missing == 0);
	coverage_fini(&coverage);
	store_free(store);
	world_fini(&world);
}

static void waits_for_what_push_ahead_stores_late(void **unused)
{
	(void)unused;
	run(5, 5, 0, 0);
	assert_int_equal(world.slept_ms, LATE_WAIT_MS / 3);
	run(5, 0, 5, 0);
	assert_int_equal(world.slept_ms, LATE_WAIT_MS);
}

static void a_gap_that_stays_is_an_alarm(void **unused)
{
	(void)unused;
	run(5, 0, 0, 1);
	assert_int_equal(world.slept_ms, LATE_WAIT_MS);
}

static void an_old_gap_is_an_alarm_at_once(void **unused)
{
	(void)unused;
	run(3600, 5, 0, 2);
	assert_int_equal(world.slept_ms, 0);
}

static void a_wrong_clock_is_no_alarm(void **unused)
{
	(void)unused;
	run(-3600, 5, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(waits_for_what_push_ahead_stores_late),
	    cmocka_unit_test(a_gap_that_stays_is_an_alarm),
	    cmocka_unit_test(an_old_gap_is_an_alarm_at_once),
	    cmocka_unit_test(a_wrong_clock_is_no_alarm),
	};
	return cmocka_run_group_tests_name("verify/verify_late", tests, NULL, NULL);
}
