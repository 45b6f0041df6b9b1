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
struct ending {
	void (*hold)(void);
	void (*release)(void); /* does not return when the end was asked for meanwhile */
	bool (*asked)(void);
};

struct call {
	const struct clock *clock;
	const struct random_source *random;
	const struct log *log;       /* may be NULL: silent */
	const struct ending *ending; /* may be NULL: nothing to wait for */
	int64_t deadline_ms;         /* on clock's monotonic scale; nothing is begun after it */
};

/* Milliseconds until the deadline, 0 when it has passed. */
static inline int64_t call_left_ms(const struct call *call)
{
	int64_t left = call->deadline_ms - clock_monotonic_ms(call->clock);
	return left > 0 ? left : 0;
}

static inline void call_hold(const struct call *call)
{
	if (call->ending != NULL)
		call->ending->hold();
}

static inline void call_release(const struct call *call)
{
	if (call->ending != NULL)
		call->ending->release();
}

/* Whether whoever holds should give up. */
static inline bool call_is_ending(const struct call *call)
{
	return call->ending != NULL && call->ending->asked();
}

#endif
