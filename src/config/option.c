#include "config/option.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "config/nearest.h"
#include "text/number.h"

const struct option_row option_table[OPTION_COUNT] = {
#define OPTION(id, name, type, bounds, value, also, placeholder, help)                                                 \
	[OPTION_ID_##id] = {name, OPTION_##type, bounds, value, also, placeholder, help},
#include "config/options.def"
#undef OPTION
};

#define DAY_MS (24 * 3600 * 1000ULL)

struct unit {
	const char *name;
	uint64_t factor;
};

/* A kind of quantity and its units. */
struct measure {
	const char *kind, *names, *example;
	struct unit units[6]; /* ends with a unit without a name */
};

static const struct measure duration = {
    "time",
    "ms, s, min, h or d",
    "60s",
    {{"ms", 1}, {"s", 1000}, {"min", 60 * 1000}, {"h", 3600 * 1000}, {"d", DAY_MS}}};
static const struct measure size = {
    "size", "B, KiB, MiB or GiB", "32MiB", {{"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}}};

enum option_id option_find(const char *name)
{
	for (enum option_id id = 0; id < OPTION_COUNT; id++)
		if (strcmp(option_table[id].name, name) == 0)
			return id;
	return OPTION_COUNT;
}

bool option_is_list(enum option_id id)
{
	return option_table[id].type == OPTION_LIST || option_table[id].type == OPTION_LINES;
}

bool option_may_hold_hash(enum option_id id)
{
	const struct option_row *row = &option_table[id];
	bool any = row->type == OPTION_TEXT && row->bounds != NULL && strcmp(row->bounds, "any") == 0;
	return any || row->type == OPTION_LINES || row->type == OPTION_SECRET;
}

const char *option_nearest(const char *name)
{
	struct nearest nearest = nearest_begin(name);
	for (enum option_id id = 0; id < OPTION_COUNT; id++)
		nearest_offer(&nearest, option_table[id].name, strlen(option_table[id].name));
	return nearest_is_near(&nearest) ? nearest.name : NULL;
}

void option_variable(enum option_id id, char out[OPTION_VARIABLE_MAX])
{
	size_t len = strlen("WALSHIP_");
	(void)strcpy(out, "WALSHIP_");
	for (const char *c = option_table[id].name; *c != '\0' && len + 1 < OPTION_VARIABLE_MAX; c++)
		out[len++] = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
	out[len] = '\0';
}

static enum status check_bounds(enum option_id id, const char *text, uint64_t number, struct error *err)
{
	const char *bound = option_table[id].bounds;
	uint64_t least = 0;
	uint64_t most = 0;
	(void)number_take(&bound, NULL, 10, UINT64_MAX, &least);
	bound += strspn(bound, ".");
	(void)number_take(&bound, NULL, 10, UINT64_MAX, &most);
	if (number >= least && number <= most)
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "'%s' is out of range", text);
	return error_hint(err, STATUS_USAGE, "from %" PRIu64 " to %" PRIu64, least, most);
}

static enum status parse_measure(const struct measure *measure, const char *text, uint64_t *number, struct error *err)
{
	const char *rest = number_read(text, UINT64_MAX, number);
	if (rest != NULL)
		for (const struct unit *unit = measure->units; unit->name != NULL; unit++)
			if (strcmp(rest, unit->name) == 0 && *number <= UINT64_MAX / unit->factor) {
				*number *= unit->factor;
				return STATUS_OK;
			}
	(void)error_set(err, STATUS_USAGE, "'%s' is not a %s", text, measure->kind);
	return error_hint(err, STATUS_USAGE, "write a whole number and a unit, without a space: %s; for example %s",
			  measure->names, measure->example);
}

static enum status parse_duration(enum option_id id, const char *text, uint64_t *number, struct error *err)
{
	const char *bound = option_table[id].bounds;
	uint64_t least = 1, most = DAY_MS;
	if (bound != NULL) {
		(void)number_take(&bound, NULL, 10, UINT64_MAX, &least);
		bound += strspn(bound, ".");
		(void)number_take(&bound, NULL, 10, UINT64_MAX, &most);
	}
	enum status st = parse_measure(&duration, text, number, err);
	if (st || (*number >= least && *number <= most))
		return st;
	(void)error_set(err, STATUS_USAGE, "'%s' is out of range", text);
	return error_hint(err, STATUS_USAGE, "from %ums to %llud", (unsigned)least,
			  (unsigned long long)(most / DAY_MS));
}

static enum status parse_choice(enum option_id id, const char *text, uint64_t *number, struct error *err)
{
	const char *name = option_table[id].bounds;
	for (*number = 0;; ++*number) {
		size_t len = strcspn(name, "|");
		if (strlen(text) == len && strncmp(text, name, len) == 0)
			return STATUS_OK;
		if (name[len] == '\0')
			break;
		name += len + 1;
	}
	(void)error_set(err, STATUS_USAGE, "'%s' is not a valid value", text);
	return error_hint(err, STATUS_USAGE, "one of %s", option_table[id].bounds);
}

static enum status parse_integer(enum option_id id, const char *text, uint64_t *number, struct error *err)
{
	if (!number_parse(text, UINT64_MAX, number)) {
		(void)error_set(err, STATUS_USAGE, "'%s' is not a whole number", text);
		return error_hint(err, STATUS_USAGE, "digits only, %s", option_table[id].bounds);
	}
	return check_bounds(id, text, *number, err);
}

enum status option_parse(enum option_id id, const char *text, uint64_t *number, struct error *err)
{
	*number = 0;
	if (text[0] == '\0')
		return error_set(err, STATUS_USAGE, "has no value");
	switch (option_table[id].type) {
	case OPTION_INTEGER:
		return parse_integer(id, text, number, err);
	case OPTION_DURATION:
		return parse_duration(id, text, number, err);
	case OPTION_SIZE: {
		/* Zero needs no unit. */
		enum status st = strcmp(text, "0") == 0 ? STATUS_OK : parse_measure(&size, text, number, err);
		return st ? st : check_bounds(id, text, *number, err);
	}
	case OPTION_CHOICE:
		return parse_choice(id, text, number, err);
	case OPTION_TEXT:
	case OPTION_LIST:
	case OPTION_LINES:
	case OPTION_SECRET:
		break;
	}
	return STATUS_OK;
}
