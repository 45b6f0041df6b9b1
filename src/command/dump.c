/* dump and dump get: from options and flags to the settings of the rooms below. */
#include "dump/dump.h"

#include "command/command.h"
#include "command/options/settings.h"
#include "dump/get.h"

#define DATABASES_MAX 1000 /* options and operands have less */

/* The operands, else the option. */
static const char *const *databases_of(const struct command_context *context, const char *from_options[])
{
	size_t count = config_list_count(context->config, OPTION_ID_DUMP_DATABASE);
	if (context->operands[0] != NULL)
		return context->operands;
	for (size_t i = 0; i < count && i < DATABASES_MAX; i++)
		from_options[i] = config_list_item(context->config, OPTION_ID_DUMP_DATABASE, i);
	return from_options;
}

enum status command_dump(struct command_context *context, struct error *err)
{
	const struct config *config = context->config;
	const char *from_options[DATABASES_MAX + 1] = {NULL};
	struct repository_settings repository;
	const struct push push = settings_push(config);
	const struct dump_settings settings = {
	    .repository = &repository,
	    .postgres = settings_postgres(context),
	    .cluster = settings_cluster(config),
	    .bindir = config_text(config, OPTION_ID_PG_BINDIR),
	    .databases = databases_of(context, from_options),
	    .plain = command_flag(context, "plain"),
	    .globals = config_number(config, OPTION_ID_DUMP_GLOBALS) == ANSWER_YES,
	    .json = command_flag(context, "json"),
	    .object_bytes = config_number(config, OPTION_ID_DUMP_PACK_SIZE),
	    .lock_wait_ms = (int64_t)config_number(config, OPTION_ID_DUMP_TIMEOUT) / 2,
	    .object = {.codec = push.codec, .level = push.level, .threads = settings_threads(config)},
	};
	enum status st = settings_repository(&repository, context, err);
	if (!st)
		st = dump_run(&settings, &context->console, err);
	return st ? error_wrap(err, st, "dump") : STATUS_OK;
}

/* With --globals no operand names a database. */
enum status command_dump_get(struct command_context *context, struct error *err)
{
	struct repository_settings settings;
	bool globals = command_flag(context, "globals");
	const char *const *rest = context->operands + 1;
	const struct dump_get get = {.repository = &settings,
				     .call = context->call,
				     .console = &context->console,
				     .cluster = settings_cluster(context->config),
				     .label = context->operands[0],
				     .database = globals ? NULL : rest[0],
				     .file = globals || rest[0] == NULL ? rest[0] : rest[1],
				     .threads = settings_threads(context->config),
				     .sha256 = command_flag(context, "sha256")};
	enum status st = settings_repository(&settings, context, err);
	if (!st && !globals && rest[0] == NULL)
		st = error_hint(err, error_set(err, STATUS_USAGE, "missing operand DATABASE"),
				"walship dump list shows the databases; --globals is for the roles");
	if (!st && globals && rest[0] != NULL && rest[1] != NULL)
		st = error_set(err, STATUS_USAGE, "--globals and a database cannot be given together");
	if (!st)
		st = dump_get_run(&get, err);
	return st ? error_wrap(err, st, "dump get %s", get.label) : STATUS_OK;
}
