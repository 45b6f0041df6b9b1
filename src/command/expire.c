/* The commands of the room expire/: backup keep, backup remove, expire. */
#include "command/expire.h"

#include "command/command.h"
#include "command/options/cluster_asked.h"
#include "command/options/settings.h"
#include "expire/backup_keep.h"
#include "expire/backup_remove.h"
#include "expire/expire.h"

#define DAY_MS (24 * 60 * 60 * 1000L)

static struct chosen_params chosen_params(const struct command_context *context,
					  const struct repository_settings *settings)
{
	return (struct chosen_params){.settings = settings,
				      .call = context->call,
				      .console = &context->console,
				      .cluster = settings_cluster(context->config),
				      .label = context->operands[0]};
}

enum status command_backup_keep(struct command_context *context, struct error *err)
{
	struct repository_settings settings;
	const struct chosen_params params = chosen_params(context, &settings);
	enum status st = settings_repository(&settings, context, err);
	if (!st)
		st = backup_keep(&params, command_flag(context, "release"), err);
	return st ? error_wrap(err, st, "backup keep") : STATUS_OK;
}

enum status command_backup_remove(struct command_context *context, struct error *err)
{
	struct repository_settings settings;
	const struct chosen_params params = chosen_params(context, &settings);
	enum status st = settings_repository(&settings, context, err);
	if (!st)
		st = backup_remove(&params, command_flag(context, "abandoned"), err);
	return st ? error_wrap(err, st, "backup remove") : STATUS_OK;
}

/*
 * A backup under way stores something within its timeouts, the last of which waits for WAL, and a dump within its own;
 * a day is the least.
 */
static int64_t silence_s(const struct config *config)
{
	int64_t most = (int64_t)config_number(config, OPTION_ID_BACKUP_TIMEOUT) +
		       (int64_t)config_number(config, OPTION_ID_BACKUP_WAL_TIMEOUT);
	int64_t dump = (int64_t)config_number(config, OPTION_ID_DUMP_TIMEOUT);
	if (most < dump)
		most = dump;
	return (most > DAY_MS ? most : DAY_MS) / 1000;
}

enum status expire_repository(const struct command_context *context, const struct config *rules,
			      const struct repository_settings *settings, const struct repository_settings *original,
			      struct error *err)
{
	const struct expire_params params = {
	    .settings = settings,
	    .original = original,
	    .call = context->call,
	    .console = &context->console,
	    .cluster = cluster_asked(context),
	    .rules = {.full = config_number(rules, OPTION_ID_RETENTION_FULL),
		      .diff = config_number(rules, OPTION_ID_RETENTION_DIFF),
		      .days = config_number(rules, OPTION_ID_RETENTION_DAYS),
		      .wal_days = config_number(rules, OPTION_ID_RETENTION_WAL_DAYS),
		      .silence_s = silence_s(rules)},
	    .dumps = {.count = config_number(rules, OPTION_ID_RETENTION_DUMP),
		      .days = config_number(rules, OPTION_ID_RETENTION_DUMP_DAYS)},
	    .dry_run = command_flag(context, "dry-run"),
	    .json = command_flag(context, "json"),
	};
	enum status st = expire_run(&params, err);
	return st ? error_wrap(err, st, "expire %s", settings->url) : STATUS_OK;
}

enum status command_expire(struct command_context *context, struct error *err)
{
	struct repository_settings settings;
	enum status st = settings_repository(&settings, context, err);
	return st ? error_wrap(err, st, "expire") : expire_repository(context, context->config, &settings, NULL, err);
}
