/* What one call of walship may use of the outside world: handed down, never looked up. */
#ifndef WALSHIP_BASE_CALL_H
#define WALSHIP_BASE_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"

/*
 * A signal that ends the process (SIGTERM, SIGINT) does so at once, unless something is held that would stay behind: an
 * unfinished upload, a child. Then it waits for the release, and whoever holds gives up as soon as he is asked to.
 */
struct signal_hold {
	void (*hold)(void);
	void (*release)(void); /* does not return when the end was asked for meanwhile */
	bool (*asked)(void);
};

struct call {
	const struct clock *clock;
	const struct random_source *random;
	const struct log *log;                 /* may be NULL: silent */
	const struct signal_hold *signal_hold; /* may be NULL: nothing to wait for */
	int64_t deadline_ms;                   /* on clock's monotonic scale; nothing is begun after it */
	/*
	 * 0: deadline_ms bounds all of the call. Else it may take as long as it takes, a listing of a million objects
	 * say, and each step has so long: opening, a page, a directory, an object. What forgets to begin one has the
	 * last one's time.
	 */
	int64_t step_ms;
	void (*step_begun)(void); /* may be NULL: for whoever ends a process that hangs */
};

/* Milliseconds until the deadline, 0 when it has passed. */
static inline int64_t call_left_ms(const struct call *call)
{
	int64_t left = call->deadline_ms - clock_monotonic_ms(call->clock);
	return left > 0 ? left : 0;
}

/* The call for the next step: with a deadline of its own, where all of it has none; else what was given. */
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

/* Whether whoever holds should give up. */
static inline bool call_is_interrupted(const struct call *call)
{
	return call->signal_hold != NULL && call->signal_hold->asked();
}

#endif
