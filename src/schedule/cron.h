/*
 * Times in cron's syntax: five fields (minute, hour, day of the month, month, day of the week) of numbers, ranges,
 * lists, steps and names, or @yearly, @monthly, @weekly, @daily and @hourly (crontab(5)).
 *
 * Times are those of the process's time zone (tzset(3)), which the owner of the process sets. A time that a switch to
 * daylight saving leaves out is due at the switch; one that comes twice, because the clock is put back, is due the
 * first time. Where the hour is '*', times follow the clock instead: each minute that matches is due.
 */
#ifndef WALSHIP_SCHEDULE_CRON_H
#define WALSHIP_SCHEDULE_CRON_H

#include <stdbool.h>
#include <stdint.h>

#include "walship/error.h"

struct cron {
	uint64_t minutes; /* a bit for each value */
	uint32_t hours;   /* from bit 0 */
	uint32_t days;    /* from bit 1 */
	uint16_t months;  /* from bit 1 */
	uint8_t weekdays; /* from bit 0, Sunday */
	bool any_hour;    /* '*' */
	bool any_day;     /* likewise: if both days are restricted, a day that fits either is due */
	bool any_weekday;
};

/* STATUS_USAGE, with the field that is wrong. */
enum status cron_parse(struct cron *out, const char *text, struct error *err);

/* The first time that is due after after_s. INT64_MAX if none comes in the next years, as for February 30. */
int64_t cron_next(const struct cron *cron, int64_t after_s);

/* The last time that was due at or before at_s, looked for back to since_s; INT64_MIN if there was none. */
int64_t cron_last(const struct cron *cron, int64_t since_s, int64_t at_s);

#endif
