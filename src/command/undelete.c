#include "inventory/undelete.h"

#include "command/command.h"
#include "command/options/settings.h"

static enum status read_time(const struct config *config, int64_t *before_s, struct error *err)
{
	const char *text = config_text(config, OPTION_ID_UNDELETE_BEFORE);
	*before_s = 0;
	if (text == NULL || (utc_parse(text, before_s) && *before_s > 0))
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "undelete-before: '%.64s' is not a time", text);
	return error_hint(err, STATUS_USAGE,
			  "write it as 2026-11-21T05:36:16Z, or with an offset: 2026-11-21T06:36:16+01:00");
}

enum status command_undelete(struct command_context *context, struct error *err)
{
	struct repository_settings settings;
	struct undelete_params params = {.settings = &settings,
					 .call = context->call,
					 .console = &context->console,
					 .prefix = context->operands[0],
					 .dry_run = command_flag(context, "dry-run"),
					 .json = command_flag(context, "json")};
	enum status st = read_time(context->config, &params.before_s, err);
	if (!st)
		st = settings_repository(&settings, context, err);
	if (!st)
		st = undelete_objects(&params, err);
	return st ? error_wrap(err, st, "undelete") : STATUS_OK;
}
