/* walship check: from options and flags to the settings of check/check.h. */
#include "check/check.h"

#include "command/command.h"

#include "command/options/archive_target.h"
#include "command/options/settings.h"
#include "command/options/settings_monitor.h"

#define NO_FILE "no " CONFIG_PATH_DEFAULT ": options and environment variables only"

enum status command_check(struct command_context *context, struct error *err)
{
	const struct config *config = context->config;
	const char *path = config_path(config);
	struct repository_settings repository;
	struct thresholds ignored;
	struct check_settings settings = {
	    .configuration = path == NULL ? NO_FILE : path,
	    .repository = &repository,
	    .cluster = settings_cluster(config),
	    .spool = config_text(config, OPTION_ID_SPOOL),
	    .fetch_ahead_bytes = config_number(config, OPTION_ID_FETCH_AHEAD),
	    .postgres = settings_postgres(context),
	    .rpo_s = config_number(config, OPTION_ID_RPO) / 1000,
	    .stream_slot = config_text(config, OPTION_ID_STREAM_SLOT),
	    .streams = !config_is_default(config, OPTION_ID_STREAM_SLOT) ||
		       !config_is_default(config, OPTION_ID_STREAM_INTERVAL) ||
		       !config_is_default(config, OPTION_ID_STREAM_BYTES),
	    .compare = archive_target_compare,
	    .compare_arg = config,
	    .store_alone = command_flag(context, "store"),
	    .wants_server = command_flag(context, "server") || command_flag(context, "promote"),
	    .promotes = command_flag(context, "promote"),
	    .json = command_flag(context, "json"),
	};
	enum status st = settings_repository(&repository, context, err);
	if (st)
		return error_wrap(err, st, "check");
	settings.options_status = settings_thresholds(&ignored, config, &settings.options_trouble);
	st = check_run(&settings, &context->console, err);
	return st ? error_wrap(err, st, "check %s", repository.url) : STATUS_OK;
}
