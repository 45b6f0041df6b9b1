#include "base/clock.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>

static int64_t system_monotonic_ms(void *arg)
{
	(void)arg;
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_utc_s(void *arg)
{
	(void)arg;
	return (int64_t)time(NULL);
}

static void system_sleep_ms(void *arg, int64_t ms)
{
	(void)arg;
	struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000};
	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

const struct clock system_clock = {
    .monotonic_ms = system_monotonic_ms,
    .utc_s = system_utc_s,
    .sleep_ms = system_sleep_ms,
};
