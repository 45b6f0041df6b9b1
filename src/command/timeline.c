#include "inventory/timeline.h"

#include "command/command.h"
#include "command/settings.h"

static enum status change(struct command_context *context, bool aside, struct error *err)
{
	struct repository_settings settings;
	struct timeline_params params = {.settings = &settings,
					 .call = context->call,
					 .console = &context->console,
					 .cluster = settings_cluster(context->config),
					 .timeline = context->operands[0],
					 .aside = aside};
	enum status st = settings_repository(&settings, context, err);
	if (!st)
		st = timeline_change(&params, err);
	return st ? error_wrap(err, st, "timeline %s %s", aside ? "set-aside" : "restore", params.timeline) : STATUS_OK;
}

enum status command_timeline_set_aside(struct command_context *context, struct error *err)
{
	return change(context, true, err);
}

enum status command_timeline_restore(struct command_context *context, struct error *err)
{
	return change(context, false, err);
}
