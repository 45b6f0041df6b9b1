/*
 * The only retry loop: full jitter, within the call's deadline.
 *
 * After try n it waits rand(0,1) * min(2^(n-1), 20) seconds (AWS Architecture Blog, "Exponential Backoff And Jitter").
 * It adds a second when the store answered SlowDown, and never waits less than the store requested.
 */
#ifndef WALSHIP_BASE_RETRY_H
#define WALSHIP_BASE_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/call.h"
#include "walship/error.h"

#define RETRY_DELAY_MAX_MS 20000
#define RETRY_SLOW_DOWN_MS 1000
#define RETRY_SLEEP_MAX_MS 100
#define RETRY_TRY_MIN_MS 500 /* with less time left another try cannot succeed */

/* The advice of a failed try for the next one. All zero: no retry. */
struct attempt {
	bool again;
	bool slow_down;
	int64_t wait_ms; /* minimum wait that the store requested; 0: none */
};

/* One try. When it fails, it fills *attempt, which is zero before. */
typedef enum status (*retry_fn)(void *arg, struct attempt *attempt, struct error *err);

/*
 * Runs try_once until it succeeds, fails permanently or the deadline is near, and returns its last status and error. A
 * wait that does not fit is shortened to use the remaining time, unless the store requested it. STATUS_UNREACHABLE when
 * no time is left at the start.
 */
enum status retry_run(const struct call *call, retry_fn try_once, void *arg, struct error *err);

#endif
