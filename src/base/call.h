/* What one call of walship may use of the outside world: handed down, never looked up. */
#ifndef WALSHIP_BASE_CALL_H
#define WALSHIP_BASE_CALL_H

#include <stdint.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"

struct call {
	const struct clock *clock;
	const struct random_source *random;
	const struct log *log; /* may be NULL: silent */
	int64_t deadline_ms;   /* on clock's monotonic scale; nothing is begun after it */
};

/* Milliseconds until the deadline, 0 when it has passed. */
static inline int64_t call_left_ms(const struct call *call)
{
	int64_t left = call->deadline_ms - clock_monotonic_ms(call->clock);
	return left > 0 ? left : 0;
}

#endif
