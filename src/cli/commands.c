#include "cli/commands.h"

#include <string.h>

const struct command_row command_table[] = {
#define COMMAND(name, least, most, operands, run, reader, timeout, bound, summary, text)                               \
	{name, least, most, operands, run, reader, timeout, bound, summary, text},
#include "cli/commands.def"
#undef COMMAND
};
const size_t command_count = sizeof command_table / sizeof command_table[0];

const struct flag_row flag_table[] = {
#define FLAG(command, name, text) {command, name, text},
#include "cli/flags.def"
#undef FLAG
};
const size_t flag_count = sizeof flag_table / sizeof flag_table[0];

const struct command_row *command_find(const char *name)
{
	for (size_t i = 0; i < command_count; i++)
		if (strcmp(command_table[i].name, name) == 0)
			return &command_table[i];
	return NULL;
}
