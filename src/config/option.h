/* The table of options and the parser of their values. */
#ifndef WALSHIP_CONFIG_OPTION_H
#define WALSHIP_CONFIG_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "walship/error.h"

enum option_type {
	OPTION_TEXT,
	OPTION_LIST,     /* several texts; in the environment ':' separates them */
	OPTION_LINES,    /* several texts that may contain ':'; the environment has room for one */
	OPTION_SECRET,   /* a text that is never shown and not accepted on the command line */
	OPTION_INTEGER,  /* decimal digits, within bounds */
	OPTION_DURATION, /* digits and ms, s, min, h or d: milliseconds, from 1 ms to a day, or within bounds */
	OPTION_SIZE,     /* digits and B, KiB, MiB or GiB: bytes, within bounds */
	OPTION_CHOICE,   /* one of the names in bounds: its index */
};

enum option_id {
#define OPTION(id, name, type, bounds, value, also, placeholder, help) OPTION_ID_##id,
#include "config/options.def"
#undef OPTION
	OPTION_COUNT
};

struct option_row {
	const char *name;
	enum option_type type;
	const char *bounds;
	const char *value; /* the default, NULL: unset */
	const char *also;  /* names of environment variables, separated by ':' */
	const char *placeholder;
	const char *help;
};

extern const struct option_row option_table[OPTION_COUNT];

/* The option of this name, or OPTION_COUNT. */
enum option_id option_find(const char *name);

/* Whether the option may be given several times, for several values. */
bool option_is_list(enum option_id id);

/* Whether " #" may be part of the value: a command, a connection string, tags, a secret. */
bool option_may_hold_hash(enum option_id id);

/* The option name nearest to name; NULL when none is near. */
const char *option_nearest(const char *name);

#define OPTION_VARIABLE_MAX 64

/* "s3-key" -> "WALSHIP_S3_KEY". */
void option_variable(enum option_id id, char out[OPTION_VARIABLE_MAX]);

/*
 * Parses a value of the option's type into *number (0 for texts). STATUS_USAGE: the value is invalid; the message
 * never shows a secret.
 */
enum status option_parse(enum option_id id, const char *text, uint64_t *number, struct error *err);

#endif
