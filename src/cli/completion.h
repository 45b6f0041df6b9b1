/* Determines from the tables which words can appear at a position of a command line, for shell completion. */
#ifndef WALSHIP_CLI_COMPLETION_H
#define WALSHIP_CLI_COMPLETION_H

#include "base/buffer.h"
#include "cli/commands.h"

/* The completions of a placeholder such as "FILE", "auto|path" or "stderr|FILE". */
struct expected {
	char words[256]; /* literal words, separated by spaces; "": none */
	bool files, dirs, commands;
};

/* Parses len bytes of placeholders and literal values: "COMMAND", "rotate|list", "stderr|FILE". */
struct expected completion_expected(const char *names, size_t len);

/* The completions of an option's value. The literal values of a CHOICE may be uppercase. */
struct expected completion_value(enum option_id id);

/*
 * Finds the next name in a command's operands, such as "NAME DEST" or "[COMMAND]", including flags such as "[--json]".
 * Returns where to continue.
 */
const char *completion_operand(const char *operands, const char **name, size_t *len);

/* The length of the first word of a two-word command, such as "key list"; 0 for a command of one word. */
size_t completion_group(size_t command);

/*
 * Whether the command has the same first word as the row before it. Rows of a group are adjacent; the first may be a
 * command of this word alone, such as "backup" before "backup list".
 */
bool completion_continues(size_t command);

/* Whether the command is the first one of two words in its group. */
bool completion_begins_group(size_t command);

/* The row of the first word alone, for a command for which completion_begins_group is true; NULL: none. */
const struct command_row *completion_alone(size_t command);

/* Appends the first word of every command, without repetition, separated by spaces. */
enum status completion_commands(struct buffer *out, struct error *err);

/* Appends the second words of the group that begins with this command, separated by spaces. */
enum status completion_second_words(struct buffer *out, size_t command, struct error *err);

#endif
