#include "keys/key_list.h"

#include "command/command.h"
#include "command/settings.h"

enum status command_key_list(struct command_context *context, struct error *err)
{
	struct repository_settings settings;
	const struct key_list_params params = {.settings = &settings,
					       .call = context->call,
					       .console = &context->console,
					       .prefix = context->operands[0],
					       .json = command_flag(context, "json")};
	enum status st = settings_repository(&settings, context, err);
	if (!st)
		st = key_list_run(&params, err);
	return st ? error_wrap(err, st, "key list") : STATUS_OK;
}
