#include "base/clock.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
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

bool clock_age(int64_t now_s, int64_t then_s, int64_t *age_s)
{
	bool good = then_s >= 0 && then_s <= now_s + CLOCK_DRIFT_S && (then_s >= CLOCK_SET_S || now_s < CLOCK_SET_S);
	*age_s = good && then_s < now_s ? now_s - then_s : 0;
	return good;
}

bool utc_parse(const char *text, int64_t *out_s)
{
	struct tm parts = {0};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
	if (rest != NULL && *rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (rest != NULL)
		rest = strptime(rest, "%z", &parts); /* accepts Z too */
	if (rest == NULL || *rest != '\0')
		return false;
	int64_t offset_s = parts.tm_gmtoff;
	*out_s = (int64_t)timegm(&parts) - offset_s;
	return true;
}

void utc_text(int64_t seconds, char out[UTC_TEXT_SIZE])
{
	time_t when = (time_t)seconds;
	struct tm parts;
	if (gmtime_r(&when, &parts) == NULL || strftime(out, UTC_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
		out[0] = '\0';
}
