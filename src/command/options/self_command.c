#include "command/options/self_command.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_path(const char *name)
{
	size_t len = strlen(name);
	return strcmp(name, "spool") == 0 || strcmp(name, "mirror-conf") == 0 ||
	       (len > 5 && strcmp(name + len - 5, "-file") == 0);
}

static enum status add_path(struct buffer *out, const struct self_command *line, const char *path, struct error *err)
{
	char *absolute = path[0] == '/' || !line->absolute ? strdup(path) : realpath(path, NULL);
	if (absolute == NULL)
		return error_errno(err, STATUS_USAGE, errno, "find %s", path);
	enum status st = line->word(out, absolute, err);
	free(absolute);
	return st;
}

static enum status add_value(struct buffer *out, const struct self_command *line, enum option_id id, const char *value,
			     struct error *err)
{
	char name[OPTION_VARIABLE_MAX + 2];
	(void)snprintf(name, sizeof name, "--%s", option_table[id].name);
	enum status st = line->word(out, name, err);
	if (st)
		return st;
	return is_path(option_table[id].name) ? add_path(out, line, value, err) : line->word(out, value, err);
}

static enum status add_option(struct buffer *out, const struct command_context *context,
			      const struct self_command *line, enum option_id id, struct error *err)
{
	const struct config *config = context->config;
	enum status st = STATUS_OK;
	if (config_is_default(config, id) || !line->wants(context, id))
		return STATUS_OK;
	if (!option_is_list(id))
		return add_value(out, line, id, config_text(config, id), err);
	for (size_t i = 0; !st && i < config_list_count(config, id); i++)
		st = add_value(out, line, id, config_list_item(config, id, i), err);
	return st;
}

enum status self_command_make(struct buffer *out, const struct command_context *context,
			      const struct self_command *line, struct error *err)
{
	char program[PATH_MAX];
	const char *config = config_path(context->config);
	ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
	if (len < 0)
		return error_errno(err, STATUS_LOCAL, errno, "read /proc/self/exe");
	program[len] = '\0';
	enum status st = line->word(out, program, err);
	if (!st && config != NULL)
		st = line->word(out, "--config", err);
	if (!st && config != NULL)
		st = add_path(out, line, config, err);
	for (enum option_id id = 0; !st && id < OPTION_COUNT; id++)
		st = add_option(out, context, line, id, err);
	return st;
}

/* In '...' every character stands for itself, but for a quote. */
static enum status add_quoted(struct buffer *out, const char *word, struct error *err)
{
	enum status st = buffer_printf(out, err, "%s'", out->len > 0 ? " " : "");
	for (; !st && *word != '\0'; word++)
		st = *word == '\'' ? buffer_printf(out, err, "'\\''") : buffer_append(out, word, 1, err);
	return st ? st : buffer_printf(out, err, "'");
}

static bool is_on_the_command_line(const struct command_context *context, enum option_id id)
{
	return strncmp(config_source(context->config, id), "--", 2) == 0;
}

const struct self_command self_command_child = {add_quoted, is_on_the_command_line, false};
