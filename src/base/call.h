/*
 * The context of one walship run: clock, randomness, log, signals and deadline. Callers pass it down; nothing looks it
 * up.
 */
#ifndef WALSHIP_BASE_CALL_H
#define WALSHIP_BASE_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"

/*
 * Delays SIGTERM and SIGINT while this process owns something that must be cleaned up, such as an unfinished upload or
 * a child process. Without a hold the signal ends the process at once. With a hold the process ends at the release;
 * meanwhile the holder polls is_interrupted and gives up early.
 */
struct signal_hold {
	void (*hold)(void);
	void (*release)(void); /* does not return if a signal arrived during the hold */
	bool (*is_interrupted)(void);
};

struct call {
	const struct clock *clock;
	const struct random_source *random;
	const struct log *log;                 /* NULL: silent */
	const struct signal_hold *signal_hold; /* NULL: signals are not delayed */
	int64_t deadline_ms;                   /* on clock's monotonic scale; no work starts after it */
	/*
	 * 0: deadline_ms limits the whole call. Otherwise the call has no total limit (a listing may have a million
	 * objects), and each step gets this many milliseconds: opening, a page, a directory, an object. Without
	 * call_step the previous deadline applies.
	 */
	int64_t step_ms;
	void (*step_begun)(void); /* called at each step, for the watchdog; NULL: none */
};

/* Returns the milliseconds until the deadline, 0 when it has passed. */
static inline int64_t call_left_ms(const struct call *call)
{
	int64_t left = call->deadline_ms - clock_monotonic_ms(call->clock);
	return left > 0 ? left : 0;
}

/* Returns the call for the next step: with a new deadline if step_ms is set, otherwise unchanged. */
static inline struct call call_step(const struct call *call)
{
	struct call step = *call;
	if (call->step_ms == 0)
		return step;
	step.deadline_ms = clock_monotonic_ms(call->clock) + call->step_ms;
	if (call->step_begun != NULL)
		call->step_begun();
	return step;
}

static inline void call_hold(const struct call *call)
{
	if (call->signal_hold != NULL)
		call->signal_hold->hold();
}

static inline void call_release(const struct call *call)
{
	if (call->signal_hold != NULL)
		call->signal_hold->release();
}

/* Whether a signal asked the process to end. A holder should give up. */
static inline bool call_is_interrupted(const struct call *call)
{
	return call->signal_hold != NULL && call->signal_hold->is_interrupted();
}

#endif
