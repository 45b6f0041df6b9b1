/* Parses argv. */
#ifndef WALSHIP_CLI_ARGUMENTS_H
#define WALSHIP_CLI_ARGUMENTS_H

#include <stdbool.h>

#include "cli/commands.h"

#define COMMAND_NAME_MAX 64 /* a command of two words; a longer name is unknown */
#define OPERANDS_MAX 1000   /* dump takes names of databases, the other commands three operands at most */
#define FLAGS_MAX 16        /* restore has 10 */
#define OPTIONS_MAX 128     /* every option once, and many keys */

struct arguments {
	const struct command_row *command; /* NULL: none given, or unknown */
	const char *group;                 /* the first word of a two-word command, such as "key"; NULL: none */
	const char *unknown;               /* the last word of an unknown command; NULL: none given */
	bool unknown_option;               /* an unknown option was given: the word behind it may be its value */
	const char *operands[OPERANDS_MAX + 1];
	size_t operand_count;
	const char *flags[FLAGS_MAX + 1]; /* names from flag_table, then NULL */
	size_t flag_count;
	struct config_pair options[OPTIONS_MAX];
	size_t option_count;
	const char *config_path; /* --config */
	bool help, version;
	bool verbose; /* -v or -vv */
};

/*
 * Parses argv into out. Options may appear anywhere: --name value, --name=value, -v, -vv, -h, -V; "--" ends them. The
 * strings still belong to argv. STATUS_USAGE: the error names the problem and the hint the nearest valid name;
 * out->command is set if known, for its exit code.
 */
enum status arguments_parse(struct arguments *out, int argc, char **argv, struct error *err);

#endif
