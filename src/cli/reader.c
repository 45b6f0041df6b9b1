#include "cli/reader.h"

#include <string.h>
#include <unistd.h>

#include "command/options/placeholder.h"

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

/*
 * Whether push has a source and a target, as restore_command has. The target need not be %p: 'walship push %f /dir/%f'.
 * A path and the value of an unknown option are not a pair.
 */
static bool copies(const struct arguments *arguments)
{
	return arguments->command != NULL && arguments->command->run == command_push && arguments->operand_count > 1 &&
	       (!arguments->unknown_option || has(arguments, PLACEHOLDER_NAME));
}

/*
 * 'walship push %f' may be either command. Both are wrong, unless the working directory has the file. As an
 * archive_command it archives nothing with any code; as a restore_command it would end recovery early with a low one.
 */
static bool names_absent_file(const struct arguments *arguments)
{
	return arguments->command != NULL && arguments->command->run == command_push && arguments->operand_count == 1 &&
	       placeholder_of(arguments->operands[0]) == PLACEHOLDER_NAME && access(arguments->operands[0], F_OK) != 0;
}

enum exit_for reader_of(const struct arguments *arguments)
{
	const struct command_row *command = meant_command(arguments);
	if (has(arguments, PLACEHOLDER_RESTORED_PATH) || (command != NULL && command->reader == EXIT_FOR_FETCH))
		return EXIT_FOR_FETCH;
	if (has(arguments, PLACEHOLDER_ARCHIVED_PATH))
		return EXIT_FOR_PUSH;
	if (command != NULL)
		return copies(arguments) || names_absent_file(arguments) ? EXIT_FOR_FETCH : command->reader;
	if (arguments->unknown == NULL || placeholder_of(arguments->unknown) == PLACEHOLDER_NAME)
		return EXIT_FOR_FETCH;
	/* A single path indicates a misspelled push. */
	return arguments->operand_count == 1 && strchr(arguments->operands[0], '/') != NULL ? EXIT_FOR_PUSH
											    : EXIT_FOR_FETCH;
}
