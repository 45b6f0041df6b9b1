/* walship status: ages and levels, for the judgement. */
#include <stdio.h>

#include "console/measure.h"
#include "monitor/health_judge_private.h"

enum health_level health_above(uint64_t value, const struct threshold *threshold)
{
	if (value >= threshold->critical)
		return HEALTH_CRITICAL;
	return value >= threshold->warning ? HEALTH_WARNING : HEALTH_OK;
}

struct health_age health_age(const struct health *health, int64_t then_s)
{
	struct health_age age;
	char then[UTC_TEXT_SIZE], now[UTC_TEXT_SIZE], measure[MEASURE_MAX];
	age.known = clock_age(health->now_s, then_s, &age.s);
	measure_seconds(age.s, measure);
	utc_text(then_s, then);
	utc_text(health->now_s, now);
	if (age.known) {
		(void)snprintf(age.old, sizeof age.old, "%s old", measure);
		(void)snprintf(age.lasts, sizeof age.lasts, "for %s", measure);
		(void)snprintf(age.ago, sizeof age.ago, "%s ago", measure);
	} else {
		(void)snprintf(age.old, sizeof age.old, "stored at %s, but this machine's clock says %s", then, now);
		(void)snprintf(age.lasts, sizeof age.lasts, "since %s, but this machine's clock says %s", then, now);
		(void)snprintf(age.ago, sizeof age.ago, "at %s", then);
	}
	return age;
}

void health_advise_clock(struct health_check *check, const struct health_age *age)
{
	if (!age->known && check->hint[0] == '\0')
		health_advise(check, "a clock is or was wrong: set it with timedatectl set-ntp true, or with chrony");
}

enum health_level health_worse(enum health_level a, enum health_level b)
{
	return a > b ? a : b;
}
