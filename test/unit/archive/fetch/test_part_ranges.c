/* Which part fetch reads next, and how many parts a listing may have. */
#include "archive/fetch/part_ranges.h"
#include "support/cmocka.h"

static struct part_ranges ranges;
static struct error err;

static int teardown(void **unused)
{
	(void)unused;
	part_ranges_fini(&ranges);
	return 0;
}

static void add(uint32_t first, uint32_t end)
{
	assert_ok(part_ranges_add(&ranges, first, end, &err), err);
}

/* The parts that are read have these ends, up to a gap. 0 ends the list. */
static void expect_read(const uint32_t *ends)
{
	uint32_t at = 0;
	for (; *ends != 0; ends++) {
		const struct part_range *next = part_ranges_next(&ranges, at);
		assert_non_null(next);
		assert_int_equal(next->end, *ends);
		at = next->end;
	}
	assert_null(part_ranges_next(&ranges, at));
}

static void the_one_that_reaches_furthest(void **unused)
{
	(void)unused;
	add(0, 10);
	add(0, 40);
	add(10, 20);
	add(20, 60);
	add(35, 55);
	add(70, 80);
	expect_read((const uint32_t[]){40, 60, 0});
	/* After a damaged part the next best one follows. */
	part_ranges_next(&ranges, 0)->end = 0;
	expect_read((const uint32_t[]){10, 20, 60, 0});
}

static void nothing_begins(void **unused)
{
	(void)unused;
	expect_read((const uint32_t[]){0});
	add(1, 2);
	expect_read((const uint32_t[]){0});
}

/* Each 16th part repeats the 15 before it, as part_span.h makes them: far more parts than are kept. */
static void covered_ones_are_forgotten(void **unused)
{
	(void)unused;
	const uint32_t count = 10 * PART_RANGES_MAX;
	for (uint32_t part = 0; part < count; part++) {
		add(part * 8, part * 8 + 8);
		if (part % 16 == 0)
			add(part * 8, part * 8 + 16 * 8);
	}
	assert_true(ranges.count <= PART_RANGES_MAX);
	uint32_t at = 0, reads = 0;
	for (const struct part_range *next; (next = part_ranges_next(&ranges, at)) != NULL; reads++)
		at = next->end;
	assert_int_equal(at, count * 8);
	assert_int_equal(reads, count / 16);
}

static void too_many_that_no_other_has(void **unused)
{
	(void)unused;
	for (uint32_t part = 0; part < PART_RANGES_MAX; part++)
		add(part * 8, part * 8 + 8);
	assert_int_equal(part_ranges_add(&ranges, PART_RANGES_MAX * 8, PART_RANGES_MAX * 8 + 8, &err), STATUS_LOCAL);
	assert_string_equal(err.text, "too many parts");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(the_one_that_reaches_furthest, teardown),
	    cmocka_unit_test_teardown(nothing_begins, teardown),
	    cmocka_unit_test_teardown(covered_ones_are_forgotten, teardown),
	    cmocka_unit_test_teardown(too_many_that_no_other_has, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
