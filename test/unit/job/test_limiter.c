#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "job/limiter.h"
#include "support/cmocka.h"

#define THREADS 8
#define ROUNDS 200
#define BYTES 1000

/* The threads' own count of jobs inside the limiter. */
struct crowd {
	struct limiter limiter;
	atomic_int working, inside;
	atomic_long bytes;
	atomic_int working_most, inside_most;
	atomic_long bytes_most;
	atomic_int wrong;
};

static void raise_to(atomic_int *most, int now)
{
	int before = *most;
	while (now > before && !atomic_compare_exchange_weak(most, &before, now))
		;
}

static void raise_bytes(atomic_long *most, long now)
{
	long before = *most;
	while (now > before && !atomic_compare_exchange_weak(most, &before, now))
		;
}

struct visitor {
	pthread_t thread;
	struct crowd *crowd;
	unsigned seed;
	bool greedy; /* sometimes requests more than the limit */
};

static void *visit(void *arg)
{
	struct visitor *visitor = arg;
	struct crowd *crowd = visitor->crowd;
	uint32_t dice = visitor->seed;
	for (int round = 0; round < ROUNDS; round++) {
		dice = dice * 1664525 + 1013904223;
		long wanted = visitor->greedy && dice >> 28 == 0 ? 5 * BYTES : (long)(dice >> 16) % (BYTES + 1);
		long given = (long)(dice >> 8) % (wanted + 1);
		bool rests = dice >> 30 != 0;
		limiter_enter(&crowd->limiter, (uint64_t)wanted);
		raise_to(&crowd->inside_most, atomic_fetch_add(&crowd->inside, 1) + 1);
		raise_to(&crowd->working_most, atomic_fetch_add(&crowd->working, 1) + 1);
		raise_bytes(&crowd->bytes_most, atomic_fetch_add(&crowd->bytes, wanted) + wanted);
		if (wanted > BYTES && crowd->inside != 1)
			crowd->wrong++;
		(void)sched_yield();
		crowd->working--;
		if (rests) {
			crowd->bytes -= given;
			wanted -= given;
			limiter_release_slot(&crowd->limiter, (uint64_t)given);
			(void)sched_yield();
		}
		crowd->bytes -= wanted;
		crowd->inside--;
		limiter_leave(&crowd->limiter, (uint64_t)wanted, rests);
	}
	return NULL;
}

static void let_in(struct crowd *crowd, unsigned slots, bool greedy)
{
	struct visitor visitors[THREADS];
	*crowd = (struct crowd){0};
	limiter_init(&crowd->limiter, slots, BYTES);
	for (unsigned i = 0; i < THREADS; i++) {
		visitors[i] = (struct visitor){.crowd = crowd, .seed = i * 7919 + slots, .greedy = greedy};
		assert_int_equal(pthread_create(&visitors[i].thread, NULL, visit, &visitors[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(visitors[i].thread, NULL), 0);
	assert_int_equal(crowd->limiter.slots, slots);
	assert_int_equal(crowd->limiter.bytes, BYTES);
	assert_int_equal(crowd->limiter.inside, 0);
	assert_int_equal(crowd->wrong, 0);
	limiter_fini(&crowd->limiter);
}

static void no_more_than_there_is(void **unused)
{
	(void)unused;
	struct crowd crowd;
	for (unsigned slots = 1; slots <= THREADS; slots++) {
		let_in(&crowd, slots, false);
		assert_in_range(crowd.working_most, 1, slots);
		assert_in_range(crowd.bytes_most, 1, BYTES);
	}
}

/* An oversized job enters alone, and all others can enter after it. */
static void more_than_there_is_goes_alone(void **unused)
{
	(void)unused;
	struct crowd crowd;
	let_in(&crowd, 3, true);
	assert_int_equal(crowd.bytes_most, 5 * BYTES);
	assert_in_range(crowd.working_most, 1, 3);
}

struct latecomer {
	pthread_t thread;
	struct limiter *limiter;
	uint64_t bytes;
	atomic_bool in;
};

static void *come(void *arg)
{
	struct latecomer *latecomer = arg;
	limiter_enter(latecomer->limiter, latecomer->bytes);
	latecomer->in = true;
	return NULL;
}

static void nap(void)
{
	(void)nanosleep(&(struct timespec){.tv_nsec = 30000000L}, NULL);
}

/* A slot is free after limiter_release_slot, even while the job goes on; bytes are free after their release. */
static void resting_makes_room(void **unused)
{
	(void)unused;
	struct limiter limiter;
	limiter_init(&limiter, 1, BYTES);
	limiter_enter(&limiter, 600);
	struct latecomer late = {.limiter = &limiter, .bytes = 500};
	assert_int_equal(pthread_create(&late.thread, NULL, come, &late), 0);
	nap();
	assert_false(late.in);
	limiter_release_slot(&limiter, 0); /* the slot, but not the bytes */
	nap();
	assert_false(late.in);
	limiter_enter(&limiter, 400); /* this job fits */
	limiter_leave(&limiter, 400, false);
	limiter_leave(&limiter, 600, true);
	assert_int_equal(pthread_join(late.thread, NULL), 0);
	assert_int_equal(limiter.slots, 0);
	limiter_leave(&limiter, 500, false);
	limiter_fini(&limiter);
}

static void without_a_limiter_everybody_goes(void **unused)
{
	(void)unused;
	limiter_enter(NULL, UINT64_MAX);
	limiter_release_slot(NULL, 1);
	limiter_leave(NULL, 1, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_more_than_there_is),
	    cmocka_unit_test(more_than_there_is_goes_alone),
	    cmocka_unit_test(resting_makes_room),
	    cmocka_unit_test(without_a_limiter_everybody_goes),
	};
	return cmocka_run_group_tests_name("job/limiter", tests, NULL, NULL);
}
