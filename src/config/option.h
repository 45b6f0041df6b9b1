/* The option table, and what its types accept. */
#ifndef WALSHIP_CONFIG_OPTION_H
#define WALSHIP_CONFIG_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "walship/error.h"

enum option_type {
	OPTION_TEXT,
	OPTION_LIST,     /* texts; ':' separates them in the environment */
	OPTION_LINES,    /* texts too, and one in the environment: ':' may stand in them */
	OPTION_SECRET,   /* a text that is never shown, and never taken from the command line */
	OPTION_INTEGER,  /* decimal digits, within bounds */
	OPTION_DURATION, /* digits and ms, s, min, h or d: milliseconds, at least 1 ms, at most a day or what bounds say
			  */
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

/* Whether it may be given several times, for several values. */
bool option_is_list(enum option_id id);

/* The name of the table that is most like this one; NULL when none is near. */
const char *option_nearest(const char *name);

#define OPTION_VARIABLE_MAX 64

/* "s3-key" -> "WALSHIP_S3_KEY". */
void option_variable(enum option_id id, char out[OPTION_VARIABLE_MAX]);

/*
 * Reads a value of the option's type into *number (0 for texts). STATUS_USAGE says what is wrong, and never
 * shows a secret.
 */
enum status option_parse(enum option_id id, const char *text, uint64_t *number, struct error *err);

#endif
