/* backfill: from the options to the plain struct of backfill.h. */
#include "archive/backfill/backfill.h"
#include "command/command.h"
#include "command/options/settings.h"

enum status command_backfill(struct command_context *context, struct error *err)
{
	struct repository_settings settings;
	const struct config *config = context->config;
	struct backfill_request request = {
	    .settings = &settings,
	    .call = context->call,
	    .console = &context->console,
	    .cluster = settings_cluster(config),
	    .push = settings_push(config),
	    /* Each connection has the bandwidth limit for itself. */
	    .one_by_one = settings_bandwidth_is_limited(config),
	    .dry_run = command_flag(context, "dry-run"),
	    .json = command_flag(context, "json"),
	};
	enum status st = settings_repository(&settings, context, err);
	if (!st)
		st = backfill_run(&request, err);
	return st ? error_wrap(err, st, "backfill") : STATUS_OK;
}
