#include "pg/wal/history.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "text/number.h"

struct line {
	const char *at, *end;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static void skip_blanks(struct line *line)
{
	while (line->at < line->end && is_blank(*line->at))
		line->at++;
}

static bool take_number(struct line *line, unsigned base, uint32_t *out)
{
	uint64_t value;
	bool good = number_take(&line->at, line->end, base, UINT32_MAX, &value);
	*out = (uint32_t)value;
	return good;
}

static bool take_character(struct line *line, char c)
{
	if (line->at == line->end || *line->at != c)
		return false;
	line->at++;
	return true;
}

/* "1<tab>0/3000060" and a reason for people. */
static bool take_line(struct line line, uint32_t *timeline, uint64_t *switch_lsn)
{
	uint32_t high, low;
	if (!take_number(&line, 10, timeline) || line.at == line.end || !is_blank(*line.at))
		return false;
	skip_blanks(&line);
	if (!take_number(&line, 16, &high) || !take_character(&line, '/') || !take_number(&line, 16, &low))
		return false;
	*switch_lsn = (uint64_t)high << 32 | low;
	return line.at == line.end || is_blank(*line.at);
}

static enum status refuse(struct error *err, const char *what, unsigned number)
{
	return error_set(err, STATUS_CONFLICT, "line %u of the timeline history %s", number, what);
}

enum status wal_history_read(uint32_t timeline, const char *text, size_t len, wal_history_fn each, void *arg,
			     struct error *err)
{
	const char *end = text + len;
	uint32_t last = 0;
	unsigned number = 1;
	enum status st = STATUS_OK;
	for (; !st && text < end; number++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		struct line line = {text, newline == NULL ? end : newline};
		uint32_t parent;
		uint64_t switch_lsn;
		text = newline == NULL ? end : newline + 1;
		skip_blanks(&line);
		if (line.at == line.end || *line.at == '#')
			continue;
		if (!take_line(line, &parent, &switch_lsn))
			return refuse(err, "is not a timeline and switch point", number);
		if (parent <= last || parent >= timeline)
			return refuse(err, "has timelines out of order", number);
		last = parent;
		st = each(arg, parent, switch_lsn, err);
	}
	if (!st && last == 0)
		st = error_set(err, STATUS_CONFLICT, "the timeline history has no entry");
	return st;
}
