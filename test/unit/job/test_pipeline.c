/* Order on both sides, failures in order, and an end at any moment: with no thread, with one, with several. */
#include <stdlib.h>
#include <time.h>

#include "job/pipeline.h"
#include "support/cmocka.h"

#define ITEMS 200

struct numbers {
	unsigned values[PIPELINE_SLOTS_MAX];
	unsigned taken[ITEMS];
	size_t taken_count;
	unsigned fail_work, fail_take; /* the value at which one of them fails; 0: none */
};

static enum status square(void *arg, unsigned thread, size_t slot, struct error *err)
{
	struct numbers *numbers = arg;
	unsigned value = numbers->values[slot];
	assert_true(thread < PIPELINE_THREADS_MAX);
	/* The later ones are often sooner done. */
	if (value % 7 == 0)
		(void)nanosleep(&(struct timespec){.tv_nsec = 300000}, NULL);
	if (value == numbers->fail_work)
		return error_set(err, STATUS_DAMAGED, "work on %u", value);
	numbers->values[slot] = value * value;
	return STATUS_OK;
}

static enum status keep(void *arg, size_t slot, struct error *err)
{
	struct numbers *numbers = arg;
	unsigned value = numbers->values[slot];
	if (numbers->fail_take != 0 && value == numbers->fail_take * numbers->fail_take)
		return error_set(err, STATUS_LOCAL, "take of %u", value);
	numbers->taken[numbers->taken_count++] = value;
	return STATUS_OK;
}

static enum status run(struct numbers *numbers, unsigned threads, unsigned count, bool finish, struct error *err)
{
	struct pipeline pipeline = {.work = square, .take = keep, .arg = numbers, .threads = threads};
	enum status st = STATUS_OK;
	pipeline_init(&pipeline);
	for (unsigned i = 1; !st && i <= count; i++) {
		numbers->values[pipeline_slot(&pipeline)] = i;
		st = pipeline_submit(&pipeline, err);
	}
	if (!st && finish)
		st = pipeline_finish(&pipeline, err);
	pipeline_fini(&pipeline);
	pipeline_fini(&pipeline);
	return st;
}

static void keeps_the_order(void **unused)
{
	(void)unused;
	struct error err;
	for (unsigned threads = 0; threads <= PIPELINE_THREADS_MAX + 1; threads++)
		for (unsigned count = 0; count <= ITEMS; count += count < 9 ? 1 : 191) {
			struct numbers numbers = {0};
			assert_int_equal(run(&numbers, threads, count, true, &err), STATUS_OK);
			assert_int_equal(numbers.taken_count, count);
			for (unsigned i = 0; i < count; i++)
				assert_int_equal(numbers.taken[i], (i + 1) * (i + 1));
		}
}

/* What came before the failure has been taken, and nothing behind it. */
static void the_first_failure_in_order_counts(void **unused)
{
	(void)unused;
	for (unsigned threads = 0; threads <= PIPELINE_THREADS_MAX; threads++)
		for (unsigned at = 1; at <= 20; at++) {
			struct error err = {0};
			struct numbers work = {.fail_work = at};
			assert_int_equal(run(&work, threads, 20, true, &err), STATUS_DAMAGED);
			assert_int_equal(work.taken_count, at - 1);
			struct numbers take = {.fail_take = at, .fail_work = at + 1};
			assert_int_equal(run(&take, threads, 20, true, &err), STATUS_LOCAL);
			assert_int_equal(take.taken_count, at - 1);
		}
}

static void may_be_abandoned(void **unused)
{
	(void)unused;
	struct error err;
	for (unsigned threads = 0; threads <= PIPELINE_THREADS_MAX; threads++)
		for (unsigned count = 0; count < 12; count++) {
			struct numbers numbers = {0};
			assert_int_equal(run(&numbers, threads, count, false, &err), STATUS_OK);
			assert_true(numbers.taken_count <= count);
		}
	struct pipeline never = {0};
	pipeline_fini(&never);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keeps_the_order),
	    cmocka_unit_test(the_first_failure_in_order_counts),
	    cmocka_unit_test(may_be_abandoned),
	};
	return cmocka_run_group_tests_name("job/pipeline", tests, NULL, NULL);
}
