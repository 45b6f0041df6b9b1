/* What the tables say that may stand at a place of a command line: for the shells. */
#ifndef WALSHIP_CLI_COMPLETION_H
#define WALSHIP_CLI_COMPLETION_H

#include "base/buffer.h"
#include "cli/commands.h"

/* What a placeholder of the tables stands for: "FILE", "auto|path", "stderr|FILE". */
struct expected {
	char words[256]; /* separated by blanks; "" */
	bool files, dirs, commands;
};

/* names: len bytes of placeholders and values, "COMMAND", "rotate|list", "stderr|FILE". */
struct expected completion_expected(const char *names, size_t len);

/* The value of an option: what a CHOICE has may be in capitals, too. */
struct expected completion_value(enum option_id id);

/*
 * The next name in a command's operands, "NAME DEST", "[COMMAND]"; flags stand there too, as "--json" in "[--json]".
 * Returns where to go on.
 */
const char *completion_operand(const char *operands, const char **name, size_t *len);

/* "key list" and "key rotate" are a group: its name is the first word, and this is how long. 0: a command by itself. */
size_t completion_group(size_t command);

/* Whether the command's first word is that of the row before it: a group's rows stand together. */
bool completion_continues(size_t command);

/* Every command's first word, once, separated by blanks. */
enum status completion_commands(struct buffer *out, struct error *err);

/* The second words of the group that begins with this command. */
enum status completion_second_words(struct buffer *out, size_t command, struct error *err);

#endif
