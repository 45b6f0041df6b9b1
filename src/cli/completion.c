#include "cli/completion.h"

#include <stdio.h>
#include <string.h>

static void expect(struct expected *out, const char *name, size_t len)
{
	static const char *const files[] = {"FILE", "PATH", "DEST"};
	size_t used = strlen(out->words);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		out->files |= strlen(files[i]) == len && strncmp(files[i], name, len) == 0;
	out->dirs |= len == 3 && strncmp("DIR", name, len) == 0;
	out->commands |= len == 7 && strncmp("COMMAND", name, len) == 0;
	/* A name with capitals is a placeholder; any other name is a literal value. */
	if (strcspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") < len)
		return;
	(void)snprintf(out->words + used, sizeof out->words - used, "%s%.*s", used > 0 ? " " : "", (int)len, name);
}

struct expected completion_expected(const char *names, size_t len)
{
	struct expected out = {0};
	for (size_t i = 0; i < len;) {
		size_t one = strcspn(names + i, "| ]");
		one = one < len - i ? one : len - i;
		expect(&out, names + i, one);
		i += one + 1;
	}
	return out;
}

struct expected completion_value(enum option_id id)
{
	const struct option_row *row = &option_table[id];
	struct expected out = {0};
	if (row->type != OPTION_CHOICE)
		return completion_expected(row->placeholder, strlen(row->placeholder));
	(void)snprintf(out.words, sizeof out.words, "%s", row->bounds);
	for (char *c = out.words; *c != '\0'; c++)
		if (*c == '|')
			*c = ' ';
	return out;
}

size_t completion_group(size_t command)
{
	size_t len = strcspn(command_table[command].name, " ");
	return command_table[command].name[len] == '\0' ? 0 : len;
}

bool completion_continues(size_t command)
{
	size_t len = completion_group(command);
	return command > 0 && len > 0 && strcspn(command_table[command - 1].name, " ") == len &&
	       strncmp(command_table[command].name, command_table[command - 1].name, len) == 0;
}

bool completion_begins_group(size_t command)
{
	return completion_group(command) > 0 && (!completion_continues(command) || completion_group(command - 1) == 0);
}

const struct command_row *completion_alone(size_t command)
{
	return completion_continues(command) ? &command_table[command - 1] : NULL;
}

enum status completion_commands(struct buffer *out, struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < command_count; i++)
		if (!completion_continues(i))
			st = buffer_printf(out, err, "%s%.*s", i == 0 ? "" : " ",
					   (int)strcspn(command_table[i].name, " "), command_table[i].name);
	return st;
}

enum status completion_second_words(struct buffer *out, size_t command, struct error *err)
{
	enum status st = STATUS_OK;
	size_t i = command;
	do {
		st = buffer_printf(out, err, "%s%s", i == command ? "" : " ",
				   command_table[i].name + completion_group(command) + 1);
		i++;
	} while (!st && i < command_count && completion_continues(i));
	return st;
}

const char *completion_operand(const char *operands, const char **name, size_t *len)
{
	operands += strspn(operands, " ");
	*name = operands + strspn(operands, "[");
	operands += strcspn(operands, " ");
	*len = (size_t)(operands - *name);
	return operands;
}
