#include "report/growth.h"

#include "support/cmocka.h"

#define DAY 86400
#define NOW (100 * (int64_t)DAY + 3600)

static void a_day_is_a_day_of_utc(void **unused)
{
	(void)unused;
	struct growth growth;
	growth_begin(&growth, NOW);
	growth_add(&growth, GROWTH_WAL, 1, NOW);
	growth_add(&growth, GROWTH_WAL, 2, 100 * (int64_t)DAY);
	growth_add(&growth, GROWTH_BACKUP, 4, 100 * (int64_t)DAY - 1);
	growth_add(&growth, GROWTH_WAL, 8, NOW + 2 * (int64_t)DAY); /* the store's clock is ahead */
	assert_int_equal(growth_of_day(&growth, 0), 11);
	assert_int_equal(growth_of_day(&growth, 1), 4);
	assert_int_equal(growth_of_day(&growth, 2), 0);
}

static void old_objects_count_in_the_total_alone(void **unused)
{
	(void)unused;
	struct growth growth;
	growth_begin(&growth, NOW);
	growth_add(&growth, GROWTH_BACKUP, 1, NOW - (GROWTH_DAYS - 1) * (int64_t)DAY);
	growth_add(&growth, GROWTH_BACKUP, 2, NOW - GROWTH_DAYS * (int64_t)DAY);
	growth_add(&growth, GROWTH_BACKUP, 4, 1);
	assert_int_equal(growth_of_day(&growth, GROWTH_DAYS - 1), 1);
	assert_int_equal(growth.total[GROWTH_BACKUP], 7);
	assert_int_equal(growth.objects[GROWTH_BACKUP], 3);
	assert_int_equal(growth.total[GROWTH_WAL], 0);
}

static void the_mean_leaves_out_today_and_what_was_before_the_first(void **unused)
{
	(void)unused;
	struct growth growth;
	growth_begin(&growth, NOW);
	assert_int_equal(growth_per_day(&growth), 0);
	growth_add(&growth, GROWTH_WAL, 1000, NOW);
	assert_int_equal(growth_per_day(&growth), 0);
	growth_add(&growth, GROWTH_WAL, 10, NOW - DAY);
	assert_int_equal(growth_per_day(&growth), 10);
	growth_add(&growth, GROWTH_BACKUP, 20, NOW - 3 * (int64_t)DAY);
	assert_int_equal(growth_per_day(&growth), 10);
	growth_add(&growth, GROWTH_WAL, 40, NOW - 7 * (int64_t)DAY);
	assert_int_equal(growth_per_day(&growth), 10);
	growth_add(&growth, GROWTH_WAL, 1000, NOW - 8 * (int64_t)DAY);
	assert_int_equal(growth_per_day(&growth), 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_day_is_a_day_of_utc),
	    cmocka_unit_test(old_objects_count_in_the_total_alone),
	    cmocka_unit_test(the_mean_leaves_out_today_and_what_was_before_the_first),
	};
	return cmocka_run_group_tests_name("report/growth", tests, NULL, NULL);
}
