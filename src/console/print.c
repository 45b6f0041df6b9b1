#include "console/print.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/output.h"
#include "text/sanitize.h"

#define WHERE "to standard output"
#define REAL_DIGITS 15 /* with all 17 digits of a double 0.007 would print as 0.0070000000000000001 */

/* A slow reader of a long listing, such as a pager, does not count as a hang. */
enum status print_text(const struct console *console, struct buffer *text, struct error *err)
{
	bool in_steps = console->call->step_ms > 0;
	if (in_steps && console->verified != NULL)
		console->verified();
	/* Names in a repository are untrusted: control characters print as '?'. */
	sanitize((char *)text->data, text->len, '\n');
	enum status st = output_write(console->out_fd, WHERE, text->data, text->len, err);
	if (in_steps && console->call->step_begun != NULL)
		console->call->step_begun();
	buffer_clear(text);
	return st;
}

json_t *print_string(const char *text)
{
	if (text == NULL || text[0] == '\0')
		return json_null();
	json_t *made = json_string(text);
	char *plain = made == NULL ? strdup(text) : NULL;
	for (char *c = plain; c != NULL && *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	if (plain != NULL)
		made = json_string(plain);
	free(plain);
	return made;
}

json_t *print_system_id(uint64_t system_id)
{
	char digits[24];
	(void)snprintf(digits, sizeof digits, "%" PRIu64, system_id);
	return system_id == 0 ? json_null() : json_string(digits);
}

json_t *print_time(int64_t seconds)
{
	char text[UTC_TEXT_SIZE];
	utc_text(seconds, text);
	return seconds == 0 ? json_null() : json_string(text);
}

json_t *print_time_us(int64_t microseconds)
{
	char seconds[UTC_TEXT_SIZE], text[UTC_TEXT_SIZE + sizeof ".123456"];
	utc_text(microseconds / 1000000, seconds);
	(void)snprintf(text, sizeof text, "%.*s.%06dZ", (int)strcspn(seconds, "Z"), seconds,
		       (int)(microseconds % 1000000));
	return microseconds == 0 ? json_null() : json_string(text);
}

json_t *print_integer_if(bool known, int64_t value)
{
	return known ? json_integer(value) : json_null();
}

enum status print_line(struct buffer *out, json_t *value, struct error *err)
{
	char *line = value == NULL ? NULL : json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(REAL_DIGITS));
	enum status st =
	    line == NULL ? error_set(err, STATUS_LOCAL, "out of memory") : buffer_printf(out, err, "%s\n", line);
	json_decref(value);
	free(line);
	return st;
}

enum status print_json(const struct console *console, json_t *value, struct error *err)
{
	struct buffer out = {0};
	enum status st = print_line(&out, value, err);
	if (!st)
		st = print_text(console, &out, err);
	buffer_fini(&out);
	return st;
}
