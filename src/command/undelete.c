#include "inventory/undelete.h"

#include "command/command.h"
#include "command/options/settings.h"

enum status command_undelete(struct command_context *context, struct error *err)
{
	struct repository_settings settings;
	struct undelete_params params = {.settings = &settings,
					 .call = context->call,
					 .console = &context->console,
					 .prefix = context->operands[0],
					 .dry_run = command_flag(context, "dry-run"),
					 .json = command_flag(context, "json")};
	enum status st = settings_time(context->config, OPTION_ID_UNDELETE_BEFORE, &params.before_s, err);
	if (!st)
		st = settings_repository(&settings, context, err);
	if (!st)
		st = undelete_objects(&params, err);
	return st ? error_wrap(err, st, "undelete") : STATUS_OK;
}
