/* Time as an argument: tests bring their own clock. */
#ifndef WALSHIP_BASE_CLOCK_H
#define WALSHIP_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct clock {
	int64_t (*monotonic_ms)(void *arg); /* never goes back; for deadlines */
	int64_t (*utc_s)(void *arg);        /* seconds since 1970, for signatures */
	void (*sleep_ms)(void *arg, int64_t ms);
	void *arg;
};

/* The machine's own clock. */
extern const struct clock system_clock;

static inline int64_t clock_monotonic_ms(const struct clock *clock)
{
	return clock->monotonic_ms(clock->arg);
}

static inline int64_t clock_utc_s(const struct clock *clock)
{
	return clock->utc_s(clock->arg);
}

static inline void clock_sleep_ms(const struct clock *clock, int64_t ms)
{
	clock->sleep_ms(clock->arg, ms);
}

#define CLOCK_SET_S 1577836800 /* 2020-01-01: before there was a walship, so no clock that is set says less */
#define CLOCK_DRIFT_S 60       /* by so much two machines may differ, and nobody need be told */

/*
 * How long ago then was, when it is now: 0 or more. False where that cannot be told, for a clock is or was wrong: then
 * is in the future, or of a clock that had not been set, as after a boot without the network, and now is not.
 */
bool clock_age(int64_t now_s, int64_t then_s, int64_t *age_s);

/*
 * Seconds since 1970 of an ISO 8601 time, as AWS writes them: 2026-11-21T05:36:16Z, with a fraction that is left out,
 * and an offset (+01:00) instead of Z. False when it is none.
 */
bool utc_parse(const char *text, int64_t *out_s);

#define UTC_TEXT_SIZE 32

/* The same time as text: 2026-11-21T05:36:16Z. */
void utc_text(int64_t seconds, char out[UTC_TEXT_SIZE]);

#endif
