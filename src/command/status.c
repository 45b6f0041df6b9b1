/* walship status: from options and flags to the settings of monitor/health.h. */
#include "command/status.h"

#include "command/options/cluster_asked.h"
#include "command/options/settings.h"
#include "command/options/settings_monitor.h"
#include "command/schedule_push.h"

static enum health_format choose_format(const struct command_context *context)
{
	if (command_flag(context, "prometheus"))
		return HEALTH_PROMETHEUS;
	return command_flag(context, "json") ? HEALTH_JSON : HEALTH_TEXT;
}

enum status status_settings(struct health_settings *out, const struct repository_settings *repository,
			    struct health_schedule *schedule, const struct command_context *context, struct error *err)
{
	const struct config *config = context->config;
	*out = (struct health_settings){
	    .schedule = schedule,
	    .repository = repository,
	    .cluster = cluster_asked(context),
	    .spool = config_text(config, OPTION_ID_SPOOL),
	    .metrics_file = config_text(config, OPTION_ID_METRICS_FILE),
	    .push_timeout_ms = (int64_t)config_number(config, OPTION_ID_PUSH_TIMEOUT),
	    .notify = settings_notify(context),
	    .looks_at_drills =
		config_text(config, OPTION_ID_DRILL_DIR) != NULL || config_text(config, OPTION_ID_DRILL_AT) != NULL,
	};
	enum status st = settings_thresholds(&out->thresholds, config, err);
	return st ? st : schedule_status(schedule, &out->thresholds, context, err);
}

enum status command_status(struct command_context *context, struct error *err)
{
	struct repository_settings repository;
	struct health_schedule schedule;
	struct health_settings settings;
	enum status st = settings_repository(&repository, context, err);
	if (!st)
		st = status_settings(&settings, &repository, &schedule, context, err);
	settings.sends = command_flag(context, "notify");
	settings.format = choose_format(context);
	if (!st && settings.format == HEALTH_PROMETHEUS && command_flag(context, "json"))
		st = error_set(err, STATUS_USAGE, "--json and --prometheus exclude each other");
	if (!st)
		st = health_run(&settings, &context->console, err);
	/* Without a text the report has said everything, and the status is its exit code. */
	return st && err->text[0] != '\0' ? error_wrap(err, st, "status") : st;
}
