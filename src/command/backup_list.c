#include "inventory/backups.h"

#include "command/command.h"
#include "command/options/settings.h"
#include "inventory/survey.h"

enum status command_backup_list(struct command_context *context, struct error *err)
{
	struct repository_settings settings;
	struct backups_params params = {.settings = &settings,
					.call = context->call,
					.console = &context->console,
					.json = command_flag(context, "json")};
	enum status st = settings_repository(&settings, context, err);
	if (!st)
		st = survey_system_id(context->operands[0], &params.system_id, err);
	if (!st)
		st = backups_show(&params, err);
	return st ? error_wrap(err, st, "backup list") : STATUS_OK;
}
