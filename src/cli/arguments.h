/* argv, taken apart. */
#ifndef WALSHIP_CLI_ARGUMENTS_H
#define WALSHIP_CLI_ARGUMENTS_H

#include <stdbool.h>

#include "cli/commands.h"

#define COMMAND_NAME_MAX 64 /* of a command's two words; a longer one is unknown */
#define OPERANDS_MAX 8      /* no command takes more than two */
#define FLAGS_MAX 8         /* no command has more than a few */
#define OPTIONS_MAX 128     /* each option once, and many keys */

struct arguments {
	const struct command_row *command; /* NULL: none, or none that is known */
	const char *group;                 /* the first word of a command of two, until the second one has come */
	bool unknown;                      /* a command was given, and there is none of its name */
	const char *operands[OPERANDS_MAX + 1];
	size_t operand_count;
	const char *flags[FLAGS_MAX + 1]; /* names from flag_table, then NULL */
	size_t flag_count;
	struct config_pair options[OPTIONS_MAX];
	size_t option_count;
	const char *config_path; /* --config */
	bool help, version;
};

/*
 * Options may stand anywhere: --name value, --name=value, -v, -vv, -h; "--" ends them. The strings
 * remain argv's. STATUS_USAGE names what is wrong and what is nearest; out->command tells whose exit code counts.
 */
enum status arguments_parse(struct arguments *out, int argc, char **argv, struct error *err);

#endif
