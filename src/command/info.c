#include "inventory/info.h"

#include "command/command.h"
#include "command/settings.h"
#include "inventory/survey.h"

enum status command_info(struct command_context *context, struct error *err)
{
	struct repository_settings settings;
	struct info_params params = {.settings = &settings,
				     .call = context->call,
				     .console = &context->console,
				     .json = command_flag(context, "json")};
	enum status st = settings_repository(&settings, context, err);
	if (!st)
		st = survey_system_id(context->operands[0], &params.system_id, err);
	if (!st)
		st = info_show(&params, err);
	return st ? error_wrap(err, st, "info %s", settings.url) : STATUS_OK;
}
