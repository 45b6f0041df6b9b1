/* The commands and their flags, as commands.def and flags.def list them. */
#ifndef WALSHIP_CLI_COMMANDS_H
#define WALSHIP_CLI_COMMANDS_H

#include <stddef.h>

#include "command/command.h"

/* What a command's timeout bounds. */
enum command_bound {
	BOUND_ALL,  /* all that it does */
	BOUND_STEP, /* each step: what it works through may be a million objects (base/call.h) */
};

struct command_row {
	const char *name;
	size_t least, most; /* operands */
	const char *operands;
	enum status (*run)(struct command_context *, struct error *); /* NULL: help */
	enum exit_for reader;
	enum option_id timeout;
	enum command_bound bound;
	const char *summary;
	const char *text;
};

extern const struct command_row command_table[];
extern const size_t command_count;

/* An option of one command alone, without a value. */
struct flag_row {
	const char *command;
	const char *name;
	const char *text;
};

extern const struct flag_row flag_table[];
extern const size_t flag_count;

/* NULL when there is none of this name. */
const struct command_row *command_find(const char *name);

#endif
