#include "recovery/target.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "pg/server/online_backup.h"
#include "text/number.h"
#include "text/sanitize.h"

#define XID_MIN 3 /* FirstNormalTransactionId in access/transam.h */
#define TIME_HINT "write it as 2026-11-29 06:42:10+00 or 2026-11-29T06:42:10Z"

static enum status bad_time(const char *text, struct error *err)
{
	return error_hint(err, error_set(err, STATUS_USAGE, "'%.64s' is not a valid time", text), TIME_HINT);
}

/* Reads exactly this many digits. */
static bool take_digits(const char **text, int digits, int least, int most, int *out)
{
	int value = 0;
	for (int i = 0; i < digits; i++) {
		char c = (*text)[i];
		if (c < '0' || c > '9')
			return false;
		value = value * 10 + (c - '0');
	}
	*text += digits;
	*out = value;
	return value >= least && value <= most;
}

static bool take_char(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

static bool take_date(const char **text, struct tm *out)
{
	bool valid = take_digits(text, 4, 1970, 9999, &out->tm_year) && take_char(text, '-') &&
		     take_digits(text, 2, 1, 12, &out->tm_mon) && take_char(text, '-') &&
		     take_digits(text, 2, 1, 31, &out->tm_mday);
	out->tm_year -= 1900;
	out->tm_mon--;
	return valid;
}

/* Digits behind the sixth are dropped: the server keeps microseconds. */
static bool take_fraction(const char **text, int64_t *us)
{
	int64_t unit = 100000;
	*us = 0;
	if (!take_char(text, '.'))
		return true;
	if (number_digit(**text) > 9)
		return false;
	for (; number_digit(**text) <= 9; (*text)++, unit /= 10)
		*us += unit * (**text - '0');
	return true;
}

static bool take_clock(const char **text, struct tm *out, int64_t *us)
{
	*us = 0;
	bool valid = take_digits(text, 2, 0, 23, &out->tm_hour) && take_char(text, ':') &&
		     take_digits(text, 2, 0, 59, &out->tm_min);
	if (valid && take_char(text, ':'))
		valid = take_digits(text, 2, 0, 59, &out->tm_sec) && take_fraction(text, us);
	return valid;
}

/* The text is not empty. */
static bool take_offset(const char *text, int64_t *seconds)
{
	int hours, minutes = 0, rest = 0;
	*seconds = 0;
	if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0 || strcmp(text, "UTC") == 0 || strcmp(text, "GMT") == 0)
		return true;
	int sign = *text == '+' ? 1 : *text == '-' ? -1 : 0;
	text++;
	if (sign == 0 || !take_digits(&text, 2, 0, 15, &hours))
		return false;
	if (*text != '\0') {
		bool colon = take_char(&text, ':');
		if (!take_digits(&text, 2, 0, 59, &minutes) ||
		    (colon && take_char(&text, ':') && !take_digits(&text, 2, 0, 59, &rest)))
			return false;
	}
	*seconds = sign * ((int64_t)hours * 3600 + minutes * 60 + rest);
	return *text == '\0';
}

enum status target_time_parse(const char *text, int64_t *time_us, struct error *err)
{
	struct tm fields = {0};
	int64_t us, offset_s;
	const char *at = text;
	*time_us = 0;
	if (!take_date(&at, &fields) || (!take_char(&at, ' ') && !take_char(&at, 'T')) ||
	    !take_clock(&at, &fields, &us))
		return bad_time(text, err);
	(void)take_char(&at, ' ');
	if (*at == '\0') {
		(void)error_set(err, STATUS_USAGE, "the time '%.64s' has no offset from UTC", text);
		return error_hint(
		    err, STATUS_USAGE,
		    "add the offset, as in 2026-11-29 06:42:10+00: a local time would depend on the server's TimeZone");
	}
	if (!take_offset(at, &offset_s))
		return bad_time(text, err);
	struct tm same = fields;
	int64_t seconds = timegm(&same);
	/* timegm takes February 30th for March 2nd. */
	if (same.tm_mday != fields.tm_mday || same.tm_mon != fields.tm_mon || seconds < offset_s)
		return bad_time(text, err);
	*time_us = (seconds - offset_s) * 1000000 + us;
	return STATUS_OK;
}

void target_time_text(int64_t time_us, char out[TARGET_TIME_MAX])
{
	time_t seconds = time_us / 1000000;
	struct tm fields;
	char day[24];
	out[0] = '\0';
	if (gmtime_r(&seconds, &fields) == NULL || strftime(day, sizeof day, "%Y-%m-%d %H:%M:%S", &fields) == 0)
		return;
	(void)snprintf(out, TARGET_TIME_MAX, "%s.%06d+00", day, (int)(time_us % 1000000));
}

void target_text(const struct target *target, char out[TARGET_TEXT_MAX])
{
	char time[TARGET_TIME_MAX];
	const char *before = target->exclusive ? "just before " : "";
	switch (target->kind) {
	case TARGET_END:
		(void)snprintf(out, TARGET_TEXT_MAX, "the end of the archived WAL");
		break;
	case TARGET_IMMEDIATE:
		(void)snprintf(out, TARGET_TEXT_MAX, "the end of the backup");
		break;
	case TARGET_TIME:
		target_time_text(target->time_us, time);
		(void)snprintf(out, TARGET_TEXT_MAX, "%s%.*s UTC", before, (int)strcspn(time, "+"), time);
		break;
	case TARGET_LSN:
		(void)snprintf(out, TARGET_TEXT_MAX, "%sLSN %" PRIX32 "/%" PRIX32, before,
			       (uint32_t)(target->lsn >> 32), (uint32_t)target->lsn);
		break;
	case TARGET_XID:
		(void)snprintf(out, TARGET_TEXT_MAX, "%stransaction %" PRIu64, before, target->xid);
		break;
	case TARGET_NAME:
		(void)snprintf(out, TARGET_TEXT_MAX, "restore point %s", target->text);
		sanitize(out, strlen(out), '\0'); /* pg_create_restore_point takes any text, a newline too */
		break;
	}
}

static enum status parse_timeline(struct target *out, const char *text, struct error *err)
{
	uint64_t number;
	if (text == NULL)
		return STATUS_OK;
	if (strcmp(text, "latest") == 0)
		return out->timeline_kind = TIMELINE_LATEST, STATUS_OK;
	if (strcmp(text, "current") == 0)
		return out->timeline_kind = TIMELINE_CURRENT, STATUS_OK;
	if (!number_parse(text, UINT32_MAX, &number) || number == 0)
		return error_hint(err, error_set(err, STATUS_USAGE, "'%.64s' is not a timeline", text),
				  "give its number in decimal digits, latest or current");
	out->timeline_kind = TIMELINE_NUMBER;
	out->timeline = (uint32_t)number;
	return STATUS_OK;
}

/* The kind of the only target that is given. */
static enum status find_kind(struct target *out, const struct target_options *options, struct error *err)
{
	const struct {
		enum target_kind kind;
		const char *text;
	} given[] = {{TARGET_TIME, options->time},
		     {TARGET_LSN, options->lsn},
		     {TARGET_XID, options->xid},
		     {TARGET_NAME, options->name},
		     {TARGET_IMMEDIATE, options->immediate ? "" : NULL}};
	for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
		if (given[i].text == NULL)
			continue;
		if (out->kind != TARGET_END)
			return error_hint(err, error_set(err, STATUS_USAGE, "more than one recovery target is given"),
					  "give one of --target-time, --target-lsn, --target-xid, --target-name and "
					  "--target-immediate");
		out->kind = given[i].kind;
		out->text = given[i].kind == TARGET_IMMEDIATE ? NULL : given[i].text;
	}
	return STATUS_OK;
}

static enum status parse_place(struct target *out, struct error *err)
{
	if (out->kind == TARGET_TIME)
		return target_time_parse(out->text, &out->time_us, err);
	if (out->kind == TARGET_LSN && !lsn_parse(out->text, &out->lsn))
		return error_hint(err, error_set(err, STATUS_USAGE, "'%.64s' is not an LSN", out->text),
				  "write it as PostgreSQL prints it: 16/B374D848");
	if (out->kind == TARGET_XID && (!number_parse(out->text, UINT64_MAX, &out->xid) || out->xid < XID_MIN))
		return error_hint(err, error_set(err, STATUS_USAGE, "'%.64s' is not a transaction ID", out->text),
				  "give the number that pg_current_xact_id() returned");
	if (out->kind == TARGET_NAME && strlen(out->text) >= TARGET_NAME_MAX)
		return error_set(err, STATUS_USAGE, "a restore point's name has at most %d bytes", TARGET_NAME_MAX - 1);
	return STATUS_OK;
}

static enum status check_together(const struct target *target, struct error *err)
{
	bool has_edge = target->kind == TARGET_TIME || target->kind == TARGET_LSN || target->kind == TARGET_XID;
	if (target->exclusive && !has_edge)
		return error_hint(err, error_set(err, STATUS_USAGE, "--target-exclusive needs a target"),
				  "give --target-time, --target-lsn or --target-xid as well");
	if (target->action != NULL && target->kind == TARGET_END)
		return error_hint(err, error_set(err, STATUS_USAGE, "--target-action needs a target"),
				  "without a target, recovery ends with the archived WAL, and the server is promoted");
	return STATUS_OK;
}

enum status target_parse(struct target *out, const struct target_options *options, struct error *err)
{
	*out = (struct target){.exclusive = options->exclusive, .action = options->action, .standby = options->standby};
	enum status st = find_kind(out, options, err);
	if (!st)
		st = parse_place(out, err);
	if (!st)
		st = parse_timeline(out, options->timeline, err);
	return st ? st : check_together(out, err);
}
