#include "inventory/list.h"

#include "command/command.h"
#include "command/options/settings.h"

enum status command_list(struct command_context *context, struct error *err)
{
	struct repository_settings settings;
	const struct list_params params = {.settings = &settings,
					   .call = context->call,
					   .console = &context->console,
					   .prefix = context->operands[0],
					   .json = command_flag(context, "json")};
	enum status st = settings_repository(&settings, context, err);
	if (!st)
		st = list_objects(&params, err);
	return st ? error_wrap(err, st, "list") : STATUS_OK;
}
