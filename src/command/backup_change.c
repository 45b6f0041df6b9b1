#include "command/command.h"
#include "command/settings.h"
#include "expire/backup_keep.h"
#include "expire/backup_remove.h"

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
