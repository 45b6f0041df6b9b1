/* Time as an argument: tests bring their own clock. */
#ifndef WALSHIP_BASE_CLOCK_H
#define WALSHIP_BASE_CLOCK_H

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

#endif
