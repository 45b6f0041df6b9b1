#include "command/options/restore_command.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recovery/recovery_settings.h"

/* The options that fetch needs: to find and open the repository. */
static bool is_for_fetch(const char *name)
{
	static const char *const beginnings[] = {"repo", "cipher", "secret-files", "fetch-", "spool", "s3-"};
	for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++)
		if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

static bool is_from_this_call(const char *source)
{
	return strncmp(source, "--", 2) == 0 || strncmp(source, "WALSHIP_", 8) == 0 || strncmp(source, "AWS_", 4) == 0;
}

static bool is_path(const char *name)
{
	size_t len = strlen(name);
	return strcmp(name, "spool") == 0 || (len > 5 && strcmp(name + len - 5, "-file") == 0);
}

/* The server's working directory is its data directory. */
static enum status add_path(struct buffer *out, const char *path, struct error *err)
{
	char *absolute = path[0] == '/' ? strdup(path) : realpath(path, NULL);
	if (absolute == NULL)
		return error_errno(err, STATUS_USAGE, errno, "find %s", path);
	enum status st = recovery_command_word(out, absolute, err);
	free(absolute);
	return st;
}

static enum status add_value(struct buffer *out, enum option_id id, const char *value, struct error *err)
{
	char name[OPTION_VARIABLE_MAX + 2];
	(void)snprintf(name, sizeof name, "--%s", option_table[id].name);
	enum status st = recovery_command_word(out, name, err);
	if (st)
		return st;
	return is_path(option_table[id].name) ? add_path(out, value, err) : recovery_command_word(out, value, err);
}

static enum status add_option(struct buffer *out, const struct command_context *context, enum option_id id,
			      struct error *err)
{
	const struct config *config = context->config;
	const struct option_row *row = &option_table[id];
	enum status st = STATUS_OK;
	if (!is_for_fetch(row->name) || config_is_default(config, id) || !is_from_this_call(config_source(config, id)))
		return STATUS_OK;
	if (row->type == OPTION_SECRET) {
		log_line(context->call->log, LEVEL_WARNING,
			 "the restored server needs %s: put it into walship.conf or its environment",
			 config_source(config, id));
		return STATUS_OK;
	}
	if (!option_is_list(id))
		return add_value(out, id, config_text(config, id), err);
	for (size_t i = 0; !st && i < config_list_count(config, id); i++)
		st = add_value(out, id, config_list_item(config, id, i), err);
	return st;
}

enum status restore_command_make(struct buffer *out, const struct command_context *context, struct error *err)
{
	char program[PATH_MAX];
	const char *config = config_path(context->config);
	ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
	if (len < 0)
		return error_errno(err, STATUS_LOCAL, errno, "read /proc/self/exe");
	program[len] = '\0';
	enum status st = recovery_command_word(out, program, err);
	if (!st && config != NULL)
		st = recovery_command_word(out, "--config", err);
	if (!st && config != NULL)
		st = add_path(out, config, err);
	for (enum option_id id = 0; !st && id < OPTION_COUNT; id++)
		st = add_option(out, context, id, err);
	return st ? st : buffer_printf(out, err, " fetch %%f %%p");
}
