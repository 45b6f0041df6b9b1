/* walship status: from options and flags to the settings of monitor/health.h. */
#include "command/status.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "command/mirror_conf.h"
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

/* A configuration file that cannot be read is a finding, not the end of status. */
static void look_at_mirrors(struct health_mirrors *out, const struct command_context *context)
{
	size_t count = config_list_count(context->config, OPTION_ID_MIRROR_CONF);
	*out = (struct health_mirrors){0};
	for (; out->count < count && out->count < HEALTH_MIRRORS_MAX; out->count++) {
		struct health_mirror *mirror = &out->items[out->count];
		CLEANUP(mirror_conf_fini) struct mirror_conf conf = {0};
		mirror->conf = config_list_item(context->config, OPTION_ID_MIRROR_CONF, out->count);
		if (mirror_conf_load(&conf, context, mirror->conf, &mirror->trouble))
			continue;
		(void)snprintf(mirror->url, sizeof mirror->url, "%s", conf.settings.url);
		(void)mirror_note_read(&mirror->note, config_text(context->config, OPTION_ID_SPOOL), conf.settings.url);
	}
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
	struct health_mirrors mirrors;
	struct health_settings settings;
	enum status st = settings_repository(&repository, context, err);
	if (!st)
		st = status_settings(&settings, &repository, &schedule, context, err);
	if (!st)
		look_at_mirrors(&mirrors, context);
	settings.mirrors = &mirrors;
	settings.sends = command_flag(context, "notify");
	settings.format = choose_format(context);
	if (!st && settings.format == HEALTH_PROMETHEUS && command_flag(context, "json"))
		st = error_set(err, STATUS_USAGE, "--json and --prometheus exclude each other");
	if (!st)
		st = health_run(&settings, &context->console, err);
	/* Without a text the report has said everything, and the status is its exit code. */
	return st && err->text[0] != '\0' ? error_wrap(err, st, "status") : st;
}
