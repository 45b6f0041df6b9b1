#include "cli/reader.h"

#include <string.h>

#include "command/placeholder.h"

/* Whether the unknown command or an operand is this placeholder. */
static bool has(const struct arguments *arguments, enum placeholder placeholder)
{
	if (arguments->unknown != NULL && placeholder_of(arguments->unknown) == placeholder)
		return true;
	for (size_t i = 0; i < arguments->operand_count; i++)
		if (placeholder_of(arguments->operands[i]) == placeholder)
			return true;
	return false;
}

/* An unknown option leaves its value in the command's place: the command may be among the operands. */
static const struct command_row *meant_command(const struct arguments *arguments)
{
	const struct command_row *command = arguments->command;
	for (size_t i = 0; arguments->unknown != NULL && command == NULL && i < arguments->operand_count; i++)
		command = command_find(arguments->operands[i]);
	return command;
}

enum exit_for reader_of(const struct arguments *arguments)
{
	const struct command_row *command = meant_command(arguments);
	if (has(arguments, PLACEHOLDER_RESTORED_PATH) || (command != NULL && command->reader == EXIT_FOR_FETCH))
		return EXIT_FOR_FETCH;
	if (has(arguments, PLACEHOLDER_ARCHIVED_PATH))
		return EXIT_FOR_PUSH;
	/* A restore_command may name another directory than %p: 'walship push %f /dir/%f'. */
	if (command != NULL)
		return arguments->command != NULL && command->run == command_push && arguments->operand_count > 1
			   ? EXIT_FOR_FETCH
			   : command->reader;
	if (arguments->unknown == NULL || placeholder_of(arguments->unknown) == PLACEHOLDER_NAME)
		return EXIT_FOR_FETCH;
	/* A single path indicates a misspelled push. */
	return arguments->operand_count == 1 && strchr(arguments->operands[0], '/') != NULL ? EXIT_FOR_PUSH
											    : EXIT_FOR_FETCH;
}
