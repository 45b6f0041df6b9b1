#include "schedule/cron.h"

#include <limits.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "text/number.h"

#define DAYS_AHEAD (9 * 366) /* February 29 can be eight years away */
#define DAY_S 86400
#define HOUR_S 3600
#define MINUTE_S 60
#define SUNDAY_TOO 7 /* cron's second number for Sunday */

static const char *const months[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul",
				     "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const weekdays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};

enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY, FIELD_COUNT };

static const struct {
	const char *name;
	unsigned first, last;
	const char *const *names; /* of first and the following values */
} fields[FIELD_COUNT] = {
    [MINUTE] = {"minute", 0, 59, NULL},
    [HOUR] = {"hour", 0, 23, NULL},
    [DAY] = {"day of the month", 1, 31, NULL},
    [MONTH] = {"month", 1, 12, months},
    [WEEKDAY] = {"day of the week", 0, 7, weekdays},
};

static const struct {
	const char *name, *text;
} nicknames[] = {{"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
		 {"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
		 {"@hourly", "0 * * * *"}};

/* A number or name at the beginning of *text. */
static bool take_value(const char **text, const char *end, unsigned field, unsigned *out)
{
	uint64_t number;
	if (number_take(text, end, 10, fields[field].last, &number)) {
		*out = (unsigned)number;
		return number >= fields[field].first;
	}
	for (unsigned i = 0; fields[field].names != NULL && fields[field].names[i] != NULL; i++)
		if (end - *text >= 3 && strncasecmp(*text, fields[field].names[i], 3) == 0) {
			*text += 3;
			*out = fields[field].first + i;
			return true;
		}
	return false;
}

/* "*", "5", "1-5", each with "/step". Sets the bits of its values. */
static bool take_range(const char **text, const char *end, unsigned field, uint64_t *bits)
{
	unsigned first = fields[field].first, last = fields[field].last;
	uint64_t step = 1;
	bool single = false;
	if (*text < end && **text == '*') {
		++*text;
	} else {
		if (!take_value(text, end, field, &first))
			return false;
		single = *text == end || **text != '-';
		last = first;
		if (!single) {
			++*text;
			if (!take_value(text, end, field, &last) || last < first)
				return false;
		}
	}
	if (*text < end && **text == '/') {
		++*text;
		if (!number_take(text, end, 10, fields[field].last, &step) || step == 0)
			return false;
		last = single ? fields[field].last : last; /* "5/10": from 5 on */
	}
	for (uint64_t value = first; value <= last; value += step)
		*bits |= 1ULL << value;
	return true;
}

static bool take_field(const char **text, unsigned field, uint64_t *bits, bool *any)
{
	const char *end = *text + strcspn(*text, " \t");
	*bits = 0;
	*any = **text == '*' && *text + 1 == end;
	while (take_range(text, end, field, bits)) {
		if (*text == end)
			return true;
		if (**text != ',')
			return false;
		++*text;
	}
	return false;
}

static enum status refuse(const char *text, const char *what, struct error *err)
{
	(void)error_set(err, STATUS_USAGE, "'%.64s' is not a time for the schedule: %s", text, what);
	return error_hint(err, STATUS_USAGE,
			  "give five fields, minute, hour, day of the month, month, day of the week, such as "
			  "'0 2 * * sun'; or @daily, @weekly, @hourly");
}

static const char *without_nickname(const char *text)
{
	for (size_t i = 0; i < sizeof nicknames / sizeof nicknames[0]; i++)
		if (strcasecmp(text, nicknames[i].name) == 0)
			return nicknames[i].text;
	return text;
}

enum status cron_parse(struct cron *out, const char *text, struct error *err)
{
	const char *at = without_nickname(text);
	uint64_t bits[FIELD_COUNT];
	bool any[FIELD_COUNT];
	for (unsigned field = 0; field < FIELD_COUNT; field++) {
		at += strspn(at, " \t");
		if (*at == '\0')
			return refuse(text, "it has fewer than five fields", err);
		if (!take_field(&at, field, &bits[field], &any[field]))
			return refuse(text, fields[field].name, err);
	}
	if (at[strspn(at, " \t")] != '\0')
		return refuse(text, "it has more than five fields", err);
	bits[WEEKDAY] |= bits[WEEKDAY] >> SUNDAY_TOO & 1;
	*out = (struct cron){.minutes = bits[MINUTE],
			     .hours = (uint32_t)bits[HOUR],
			     .days = (uint32_t)bits[DAY],
			     .months = (uint16_t)bits[MONTH],
			     .weekdays = (uint8_t)(bits[WEEKDAY] & 0x7f),
			     .any_hour = any[HOUR],
			     .any_day = any[DAY],
			     .any_weekday = any[WEEKDAY]};
	return STATUS_OK;
}

static struct tm local_of(int64_t seconds)
{
	struct tm tm = {0};
	time_t when = (time_t)seconds;
	(void)localtime_r(&when, &tm);
	return tm;
}

/* Seconds from UTC to local time, at a moment. */
static int64_t offset_at(int64_t seconds)
{
	struct tm tm = local_of(seconds);
	return (int64_t)timegm(&tm) - seconds;
}

static bool day_fits(const struct cron *cron, const struct tm *tm)
{
	bool day = cron->days >> tm->tm_mday & 1, weekday = cron->weekdays >> tm->tm_wday & 1;
	if (!(cron->months >> (tm->tm_mon + 1) & 1))
		return false;
	return cron->any_day || cron->any_weekday ? day && weekday : day || weekday;
}

/* The moment of the switch between two moments with different offsets. */
static int64_t switch_between(int64_t before, int64_t behind)
{
	int64_t offset = offset_at(before);
	while (behind - before > 1) {
		int64_t middle = before + (behind - before) / 2;
		if (offset_at(middle) == offset)
			before = middle;
		else
			behind = middle;
	}
	return behind;
}

/* The moment of a local time, given as seconds since 1970 as if it were UTC. */
static int64_t moment_of(int64_t local)
{
	int64_t before = offset_at(local - DAY_S), behind = offset_at(local + DAY_S);
	int64_t earlier = local - (before > behind ? before : behind);
	int64_t later = local - (before > behind ? behind : before);
	if (earlier + offset_at(earlier) == local)
		return earlier;
	if (later + offset_at(later) == local)
		return later;
	return switch_between(earlier - DAY_S, later + DAY_S); /* the clock leaves this time out */
}

/* Where the hour matters: local times in order, each at its moment. */
static int64_t next_by_hour(const struct cron *cron, int64_t after_s)
{
	int64_t local = after_s + offset_at(after_s), day = local - (local % DAY_S + DAY_S) % DAY_S;
	for (int i = 0; i < DAYS_AHEAD; i++, day += DAY_S) {
		time_t when = (time_t)day;
		struct tm tm;
		if (gmtime_r(&when, &tm) == NULL || !day_fits(cron, &tm))
			continue;
		for (int minute = 0; minute < DAY_S / MINUTE_S; minute++) {
			if (!(cron->hours >> minute / 60 & 1) || !(cron->minutes >> minute % 60 & 1))
				continue;
			int64_t moment = moment_of(day + (int64_t)minute * MINUTE_S);
			if (moment > after_s)
				return moment;
		}
	}
	return INT64_MAX;
}

/* Where any hour fits: the minutes of the clock, one after another. */
static int64_t next_by_minute(const struct cron *cron, int64_t after_s)
{
	int64_t end = after_s + (int64_t)DAYS_AHEAD * DAY_S;
	for (int64_t at = (after_s / MINUTE_S + 1) * MINUTE_S; at < end;) {
		struct tm tm = local_of(at);
		if (!day_fits(cron, &tm)) {
			at += tm.tm_hour < 22 ? (int64_t)(22 - tm.tm_hour) * HOUR_S : MINUTE_S;
			continue;
		}
		if (cron->minutes >> tm.tm_min & 1)
			return at;
		at += MINUTE_S;
	}
	return INT64_MAX;
}

int64_t cron_next(const struct cron *cron, int64_t after_s)
{
	return cron->any_hour ? next_by_minute(cron, after_s) : next_by_hour(cron, after_s);
}

int64_t cron_last(const struct cron *cron, int64_t since_s, int64_t at_s)
{
	int64_t last = INT64_MIN;
	for (int64_t next = cron_next(cron, since_s - 1); next <= at_s; next = cron_next(cron, next))
		last = next;
	return last;
}
