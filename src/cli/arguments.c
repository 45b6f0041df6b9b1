#include "cli/arguments.h"

#include <stdio.h>
#include <string.h>

#include "config/nearest.h"

static enum status add_option(struct arguments *out, const char *name, const char *value, struct error *err)
{
	if (out->option_count == OPTIONS_MAX)
		return error_set(err, STATUS_USAGE, "more than %d options", OPTIONS_MAX);
	out->options[out->option_count++] = (struct config_pair){name, value};
	return STATUS_OK;
}

/* Shows only the name: the value after '=' may be a secret. */
static enum status unknown_option(struct arguments *out, const char *text, struct error *err)
{
	char name[64];
	out->unknown_option = true;
	(void)snprintf(name, sizeof name, "%.*s", (int)strcspn(text, "="), text);
	(void)error_set(err, STATUS_USAGE, "unknown option '%s'", name);
	struct nearest nearest = nearest_begin(name + strspn(name, "-"));
	/* --help=VALUE */
	nearest_offer(&nearest, "help", strlen("help"));
	for (enum option_id id = 0; id < OPTION_COUNT; id++)
		nearest_offer(&nearest, option_table[id].name, strlen(option_table[id].name));
	for (size_t i = 0; i < flag_count; i++)
		nearest_offer(&nearest, flag_table[i].name, strlen(flag_table[i].name));
	return nearest_is_near(&nearest) ? error_hint(err, STATUS_USAGE, "did you mean --%s?", nearest.name)
					 : error_hint(err, STATUS_USAGE, "see walship help");
}

/* The option's name in static storage, so that "--name=value" need not be copied. */
static const char *known_name(const char *text, size_t len)
{
	if (len == strlen("config") && strncmp(text, "config", len) == 0)
		return "config";
	for (enum option_id id = 0; id < OPTION_COUNT; id++)
		if (strlen(option_table[id].name) == len && strncmp(text, option_table[id].name, len) == 0)
			return option_table[id].name;
	return NULL;
}

/* After a command, its own options may omit the command's name: "verify --again" is verify-again. */
static const char *own_name(const struct command_row *command, const char *text, size_t len)
{
	size_t prefix = command == NULL ? 0 : strlen(command->name);
	for (enum option_id id = 0; prefix > 0 && id < OPTION_COUNT; id++) {
		const char *name = option_table[id].name;
		if (strlen(name) == prefix + 1 + len && strncmp(name, command->name, prefix) == 0 &&
		    name[prefix] == '-' && strncmp(name + prefix + 1, text, len) == 0)
			return name;
	}
	return NULL;
}

/* Accepts a flag of any command, because the command may follow it. check_flags checks the owner at the end. */
static bool take_flag(struct arguments *out, const char *name)
{
	for (size_t i = 0; i < flag_count; i++) {
		if (strcmp(flag_table[i].name, name) != 0)
			continue;
		if (out->flag_count < FLAGS_MAX)
			out->flags[out->flag_count++] = flag_table[i].name;
		return true;
	}
	return false;
}

static enum status check_flags(const struct arguments *arguments, struct error *err)
{
	for (size_t i = 0; i < arguments->flag_count; i++) {
		const struct flag_row *owner = NULL;
		bool fits = false;
		for (size_t k = 0; k < flag_count; k++) {
			if (strcmp(flag_table[k].name, arguments->flags[i]) != 0)
				continue;
			owner = &flag_table[k];
			fits |= strcmp(owner->command, arguments->command->name) == 0;
		}
		if (fits || owner == NULL)
			continue;
		(void)error_set(err, STATUS_USAGE, "%s: --%s belongs to another command", arguments->command->name,
				arguments->flags[i]);
		return error_hint(err, STATUS_USAGE, "walship %s --%s", owner->command, owner->name);
	}
	return STATUS_OK;
}

static enum status take_config(struct arguments *out, const char *path, struct error *err)
{
	if (out->config_path != NULL) {
		(void)error_set(err, STATUS_USAGE, "--config is given twice");
		return error_hint(err, STATUS_USAGE, "walship reads one configuration file: remove one of the two");
	}
	out->config_path = path;
	return STATUS_OK;
}

/* *index is the option's index in argv; it advances if the value is a separate argument. */
static enum status take_long(struct arguments *out, int argc, char **argv, int *index, struct error *err)
{
	const char *text = argv[*index] + 2;
	size_t len = strcspn(text, "=");
	const char *name = known_name(text, len);
	if (strcmp(text, "help") == 0)
		return out->help = true, STATUS_OK;
	if (strcmp(text, "version") == 0)
		return out->version = true, STATUS_OK;
	if (take_flag(out, text))
		return STATUS_OK;
	if (name == NULL)
		name = own_name(out->command, text, len);
	if (name == NULL)
		return unknown_option(out, argv[*index], err);
	const char *value = text[len] == '=' ? text + len + 1 : NULL;
	if (value == NULL && *index + 1 < argc)
		value = argv[++*index];
	if (value == NULL || value[0] == '\0')
		return error_hint(err, error_set(err, STATUS_USAGE, "--%s needs a value", name),
				  "--%s VALUE, or --%s=VALUE", name, name);
	if (strcmp(name, "config") == 0)
		return take_config(out, value, err);
	return add_option(out, name, value, err);
}

static enum status take_short(struct arguments *out, const char *text, struct error *err)
{
	if (strcmp(text, "-v") == 0 || strcmp(text, "-vv") == 0) {
		out->verbose = true;
		return add_option(out, "log-level", text[2] == '\0' ? "info" : "debug", err);
	}
	if (strcmp(text, "-V") == 0)
		return out->version = true, STATUS_OK;
	if (strcmp(text, "-h") == 0)
		return out->help = true, STATUS_OK;
	out->unknown_option = true;
	(void)error_set(err, STATUS_USAGE, "unknown option '%.64s'", text);
	return error_hint(err, STATUS_USAGE, "see walship help");
}

/* Whether word is the first word of a two-word command, such as "key". */
static bool is_group(const char *word)
{
	size_t len = strlen(word);
	for (size_t i = 0; i < command_count; i++)
		if (strncmp(command_table[i].name, word, len) == 0 && command_table[i].name[len] == ' ')
			return true;
	return false;
}

static enum status unknown_command(const char *name, struct error *err)
{
	struct nearest nearest = nearest_begin(name);
	for (size_t i = 0; i < command_count; i++)
		nearest_offer(&nearest, command_table[i].name, strlen(command_table[i].name));
	(void)error_set(err, STATUS_USAGE, "unknown command '%.64s'", name);
	return nearest_is_near(&nearest)
		   ? error_hint(err, STATUS_USAGE, "did you mean walship %s? See walship help", nearest.name)
		   : error_hint(err, STATUS_USAGE, "see walship help");
}

static enum status take_command(struct arguments *out, const char *word, struct error *err)
{
	char name[COMMAND_NAME_MAX];
	(void)snprintf(name, sizeof name, "%s%s%s", out->group == NULL ? "" : out->group, out->group == NULL ? "" : " ",
		       word);
	out->command = command_find(name);
	if (out->command != NULL)
		return STATUS_OK;
	if (out->group == NULL && is_group(word))
		return out->group = word, STATUS_OK;
	out->unknown = word;
	return unknown_command(name, err);
}

/* "backup" is a command by itself, and the first word of "backup list". */
static bool take_second_word(struct arguments *out, const char *word)
{
	char name[COMMAND_NAME_MAX];
	if (out->command == NULL || out->operand_count > 0)
		return false;
	(void)snprintf(name, sizeof name, "%s %s", out->command->name, word);
	const struct command_row *longer = command_find(name);
	if (longer != NULL)
		out->command = longer;
	return longer != NULL;
}

static enum status take_operand(struct arguments *out, const char *word, struct error *err)
{
	if (out->operand_count == OPERANDS_MAX)
		return error_set(err, STATUS_USAGE, "too many operands: %.64s", word);
	out->operands[out->operand_count++] = word;
	return STATUS_OK;
}

static enum status take_word(struct arguments *out, const char *word, struct error *err)
{
	if (take_second_word(out, word))
		return STATUS_OK;
	if (out->command == NULL && out->unknown == NULL)
		return take_command(out, word, err);
	return take_operand(out, word, err);
}

static enum status check_operands(const struct arguments *arguments, struct error *err)
{
	const struct command_row *command = arguments->command;
	if (arguments->help || arguments->version)
		return STATUS_OK;
	if (command == NULL && arguments->group != NULL) {
		(void)error_set(err, STATUS_USAGE, "%s: incomplete command", arguments->group);
		return error_hint(err, STATUS_USAGE, "see walship help");
	}
	if (command == NULL) {
		(void)error_set(err, STATUS_USAGE, "no command");
		return error_hint(err, STATUS_USAGE, "see walship help");
	}
	if (arguments->operand_count >= command->least && arguments->operand_count <= command->most)
		return check_flags(arguments, err);
	if (arguments->operand_count < command->least)
		(void)error_set(err, STATUS_USAGE, "%s: missing operand %s", command->name, command->operands);
	else
		(void)error_set(err, STATUS_USAGE, "%s: unexpected operand '%.64s'", command->name,
				arguments->operands[command->most]);
	return error_hint(err, STATUS_USAGE, "usage: walship %s%s%s", command->name,
			  command->operands[0] == '\0' ? "" : " ", command->operands);
}

enum status arguments_parse(struct arguments *out, int argc, char **argv, struct error *err)
{
	bool options_end = false;
	enum status first = STATUS_OK;
	struct error ignored;
	*out = (struct arguments){0};
	/* Continue after an error: the command, which may follow, selects the exit code. */
	for (int i = 1; i < argc; i++) {
		const char *text = argv[i];
		struct error *report = first ? &ignored : err;
		enum status st = STATUS_OK;
		if (!options_end && strcmp(text, "--") == 0)
			options_end = true;
		else if (!options_end && strncmp(text, "--", 2) == 0)
			st = take_long(out, argc, argv, &i, report);
		else if (!options_end && text[0] == '-' && text[1] != '\0')
			st = take_short(out, text, report);
		else if (options_end && out->command != NULL)
			st = take_operand(out, text, report); /* "dump -- list": a database, not a command */
		else
			st = take_word(out, text, report);
		if (!first)
			first = st;
	}
	return first ? first : check_operands(out, err);
}
