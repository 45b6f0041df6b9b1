/* backup list, dump list and drill list: from options and flags to the params that they share. */
#include "inventory/cluster_listing.h"

#include "command/command.h"
#include "command/options/settings.h"
#include "inventory/backups.h"
#include "inventory/drills.h"
#include "inventory/dumps.h"
#include "inventory/survey.h"

typedef enum status (*show_fn)(const struct cluster_listing_params *params, struct error *err);

static enum status run(struct command_context *context, show_fn show, struct error *err)
{
	struct repository_settings settings;
	struct cluster_listing_params params = {.settings = &settings,
						.call = context->call,
						.console = &context->console,
						.json = command_flag(context, "json")};
	enum status st = settings_repository(&settings, context, err);
	if (!st)
		st = survey_system_id(context->operands[0], &params.system_id, err);
	return st ? st : show(&params, err);
}

enum status command_backup_list(struct command_context *context, struct error *err)
{
	enum status st = run(context, backups_show, err);
	return st ? error_wrap(err, st, "backup list") : STATUS_OK;
}

enum status command_dump_list(struct command_context *context, struct error *err)
{
	enum status st = run(context, dumps_show, err);
	return st ? error_wrap(err, st, "dump list") : STATUS_OK;
}

enum status command_drill_list(struct command_context *context, struct error *err)
{
	enum status st = run(context, drills_show, err);
	return st ? error_wrap(err, st, "drill list") : STATUS_OK;
}
