/* backup: from options and flags to the settings of backup/backup.h. */
#include "backup/backup.h"

#include "command/command.h"
#include "command/options/settings.h"

#define INCLUDE_MAX 100

static enum status take_type(const char *operand, enum backup_type *type, struct error *err)
{
	*type = BACKUP_FULL;
	if (operand == NULL || backup_type_parse(type, operand))
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "'%s' is not a type of backup", operand);
	return error_hint(err, STATUS_USAGE, "use full, diff or incr");
}

enum status command_backup(struct command_context *context, struct error *err)
{
	const struct config *config = context->config;
	struct repository_settings repository;
	const struct push push = settings_push(config);
	struct backup_settings settings = {
	    .repository = &repository,
	    .server = {.postgres = settings_postgres(context), .cluster = settings_cluster(config)},
	    .read_all = command_flag(context, "read-all"),
	    .fast_start = config_number(config, OPTION_ID_BACKUP_START) == BACKUP_START_FAST,
	    .json = command_flag(context, "json"),
	    .threads = settings_threads(config),
	    .memory_bytes = config_number(config, OPTION_ID_BACKUP_MEMORY),
	    .pack_bytes = config_number(config, OPTION_ID_BACKUP_PACK_SIZE),
	    .rate = config_number(config, OPTION_ID_BACKUP_RATE),
	    .reread_ms = (int64_t)config_number(config, OPTION_ID_BACKUP_REREAD),
	    .wal_timeout_ms = (int64_t)config_number(config, OPTION_ID_BACKUP_WAL_TIMEOUT),
	    .holds_packs = push.buffer_bytes > 0,
	    .object = {.codec = push.codec, .level = push.level, .threads = 1},
	};
	const char *include[INCLUDE_MAX];
	settings.include = include;
	for (; settings.include_count < config_list_count(config, OPTION_ID_BACKUP_INCLUDE) &&
	       settings.include_count < INCLUDE_MAX;
	     settings.include_count++)
		include[settings.include_count] =
		    config_list_item(config, OPTION_ID_BACKUP_INCLUDE, settings.include_count);
	enum status st = take_type(context->operands[0], &settings.type, err);
	if (!st)
		st = settings_repository(&repository, context, err);
	if (!st)
		st = backup_run(&settings, &context->console, err);
	return st && err->text[0] != '\0' ? error_wrap(err, st, "backup") : st;
}
