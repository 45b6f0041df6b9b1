/* The tables of commands and flags, from commands.def and flags.def. */
#ifndef WALSHIP_CLI_COMMANDS_H
#define WALSHIP_CLI_COMMANDS_H

#include <stddef.h>

#include "command/command.h"

/* The scope of a command's timeout. */
enum command_bound {
	BOUND_ALL,  /* the whole command */
	BOUND_STEP, /* each step, because the command may process a million objects (base/call.h) */
};

struct command_row {
	const char *name;
	size_t least, most; /* number of operands */
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

/* An option of one command that takes no value. */
struct flag_row {
	const char *command;
	const char *name;
	const char *text;
};

extern const struct flag_row flag_table[];
extern const size_t flag_count;

/* The command of this name; NULL if unknown. */
const struct command_row *command_find(const char *name);

#endif
