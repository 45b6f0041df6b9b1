#include "command/options/self_command.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In '...' every character stands for itself, but for a quote. */
static enum status add_word(struct buffer *out, const char *word, struct error *err)
{
	enum status st = buffer_printf(out, err, "%s'", out->len > 0 ? " " : "");
	for (; !st && *word != '\0'; word++)
		st = *word == '\'' ? buffer_printf(out, err, "'\\''") : buffer_append(out, word, 1, err);
	return st ? st : buffer_printf(out, err, "'");
}

static enum status add_option(struct buffer *out, enum option_id id, const char *value, struct error *err)
{
	char name[OPTION_VARIABLE_MAX + 2];
	(void)snprintf(name, sizeof name, "--%s", option_table[id].name);
	enum status st = add_word(out, name, err);
	return st ? st : add_word(out, value, err);
}

static enum status add_options(struct buffer *out, const struct config *config, enum option_id id, struct error *err)
{
	enum status st = STATUS_OK;
	if (config_is_default(config, id) || strncmp(config_source(config, id), "--", 2) != 0)
		return STATUS_OK;
	if (!option_is_list(id))
		return add_option(out, id, config_text(config, id), err);
	for (size_t i = 0; !st && i < config_list_count(config, id); i++)
		st = add_option(out, id, config_list_item(config, id, i), err);
	return st;
}

enum status self_command_make(struct buffer *out, const struct command_context *context, struct error *err)
{
	char program[PATH_MAX];
	const char *config = config_path(context->config);
	ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
	if (len < 0)
		return error_errno(err, STATUS_LOCAL, errno, "read /proc/self/exe");
	program[len] = '\0';
	enum status st = add_word(out, program, err);
	if (!st && config != NULL)
		st = add_word(out, "--config", err);
	if (!st && config != NULL)
		st = add_word(out, config, err);
	for (enum option_id id = 0; !st && id < OPTION_COUNT; id++)
		st = add_options(out, context->config, id, err);
	return st;
}
