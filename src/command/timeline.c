#include "inventory/timeline.h"

#include <string.h>

#include "command/command.h"
#include "command/options/settings.h"

#define SET_ASIDE "set-aside"
#define RESTORE "restore"

static enum status change(struct command_context *context, struct error *err)
{
	struct repository_settings settings;
	const char *action = context->operands[0];
	struct timeline_params params = {.settings = &settings,
					 .call = context->call,
					 .console = &context->console,
					 .cluster = settings_cluster(context->config),
					 .timeline = context->operands[1],
					 .aside = strcmp(action, SET_ASIDE) == 0};
	if (!params.aside && strcmp(action, RESTORE) != 0) {
		(void)error_set(err, STATUS_USAGE, "'%.64s' is neither set-aside nor restore", action);
		return error_hint(err, STATUS_USAGE, "walship timeline set-aside N, or walship timeline restore N");
	}
	enum status st = settings_repository(&settings, context, err);
	return st ? st : timeline_change(&params, err);
}

enum status command_timeline(struct command_context *context, struct error *err)
{
	enum status st = change(context, err);
	return st ? error_wrap(err, st, "timeline") : STATUS_OK;
}
