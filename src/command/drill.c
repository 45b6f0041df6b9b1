/* drill: from options and flags to the plain structs of drill/drill.h. */
#include "drill/drill.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "command/command.h"
#include "command/options/restore_command.h"
#include "command/options/restore_threads.h"
#include "command/options/settings.h"

#define SQL_MAX 64

static enum status check_options(const struct drill_params *params, struct error *err)
{
	if (params->directory == NULL)
		return error_hint(
		    err, error_set(err, STATUS_USAGE, "drill-dir is not set"),
		    "set it to a directory of the server's user, with room for the cluster: --drill-dir DIR");
	if (params->random && params->target_time != NULL)
		return error_set(err, STATUS_USAGE, "--random and --target-time contradict each other");
	return STATUS_OK;
}

enum status command_drill(struct command_context *context, struct error *err)
{
	const struct config *config = context->config;
	CLEANUP(buffer_fini) struct buffer command = {0};
	struct repository_settings settings;
	const char *sql[SQL_MAX];
	struct drill_params params = {
	    .settings = &settings,
	    .call = context->call,
	    .console = &context->console,
	    .cluster = settings_cluster(config),
	    .directory = config_text(config, OPTION_ID_DRILL_DIR),
	    .pg_bindir = config_text(config, OPTION_ID_PG_BINDIR),
	    .target_time = config_text(config, OPTION_ID_DRILL_TARGET_TIME),
	    .random = command_flag(context, "random"),
	    .keep = command_flag(context, "keep"),
	    .json = command_flag(context, "json"),
	    .sql = sql,
	    .restore_step_ms = (int64_t)config_number(config, OPTION_ID_RESTORE_TIMEOUT),
	    .threads = restore_threads(config),
	    .memory_bytes = config_number(config, OPTION_ID_RESTORE_MEMORY),
	    .all_timelines = config_number(config, OPTION_ID_FETCH_TIMELINES) == FETCH_TIMELINES_ALL,
	    .environment = context->environment,
	};
	size_t count = config_list_count(config, OPTION_ID_DRILL_SQL);
	for (; params.sql_count < count && params.sql_count < SQL_MAX; params.sql_count++)
		sql[params.sql_count] = config_list_item(config, OPTION_ID_DRILL_SQL, params.sql_count);
	enum status st = check_options(&params, err);
	if (!st)
		st = settings_repository(&settings, context, err);
	if (!st)
		st = restore_command_make(&command, context, err);
	params.restore_command = buffer_text(&command);
	if (!st)
		st = drill_run(&params, err);
	return st ? error_wrap(err, st, "drill") : STATUS_OK;
}
