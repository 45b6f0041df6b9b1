/*
 * The only loop that tries again: full jitter, everything inside the call's deadline.
 *
 * After the n-th try it waits rand(0,1) * min(2^(n-1), 20) seconds (AWS Architecture Blog, "Exponential Backoff
 * And Jitter"); a second more when the store said SlowDown; never less than the store asked for.
 */
#ifndef WALSHIP_BASE_RETRY_H
#define WALSHIP_BASE_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/call.h"
#include "walship/error.h"

#define RETRY_DELAY_MAX_MS 20000
#define RETRY_SLOW_DOWN_MS 1000
#define RETRY_NAP_MS 100
#define RETRY_LAST_MS 500 /* with less than this left, another try has no time to succeed */

/* What one try that failed says about the next. All zero: do not try again. */
struct attempt {
	bool again;
	bool slow_down;
	int64_t wait_ms; /* the store asks to be left alone for so long; 0: it does not */
};

/* One try. Fills *attempt, which is zero, when it fails. */
typedef enum status (*retry_fn)(void *arg, struct attempt *attempt, struct error *err);

/*
 * Runs try_once until it succeeds, fails for good or the time is up; then its last status and error stand.
 * A wait that does not fit is shortened, so that the time is used to the end, unless the store asked for it.
 * No time left at all: STATUS_UNREACHABLE.
 */
enum status retry_run(const struct call *call, retry_fn try_once, void *arg, struct error *err);

#endif
