/* Time as an argument: tests pass their own clock. */
#ifndef WALSHIP_BASE_CLOCK_H
#define WALSHIP_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct clock {
	int64_t (*monotonic_ms)(void *arg); /* never goes back; for deadlines */
	int64_t (*utc_s)(void *arg);        /* seconds since 1970, for signatures */
	void (*sleep_ms)(void *arg, int64_t ms);
	void *arg;
};

/* The system clock. */
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

/* Nanoseconds since 1970, as a file's times. */
static inline int64_t clock_ns(struct timespec time)
{
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

#define CLOCK_SET_S                                                                                                    \
	1577836800       /* 2020-01-01, before the first walship: an earlier time means that the clock was not set */
#define CLOCK_DRIFT_S 60 /* accepted difference between the clocks of two machines */

/*
 * Sets *age_s to the seconds from then_s to now_s, at least 0. Returns false when a wrong clock makes the age unknown:
 * then_s is in the future, or it comes from a clock that was not set (as after a boot without network) while now_s does
 * not.
 */
bool clock_age(int64_t now_s, int64_t then_s, int64_t *age_s);

/*
 * Parses an ISO 8601 time as AWS writes it: 2026-11-21T05:36:16Z. A fraction is ignored; an offset (+01:00) may replace
 * Z. *out_s receives seconds since 1970. Returns false when text is not such a time.
 */
bool utc_parse(const char *text, int64_t *out_s);

#define UTC_TEXT_SIZE 32

/* Formats seconds since 1970 as 2026-11-21T05:36:16Z; "" when that is impossible. */
void utc_text(int64_t seconds, char out[UTC_TEXT_SIZE]);

#endif
