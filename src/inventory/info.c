/* info: what is in the repository, by cluster and timeline. */
#include "base/cleanup.h"
#include "command/settings.h"
#include "console/print.h"
#include "inventory/cluster.h"
#include "inventory/survey.h"

static enum status show(void *arg, struct coverage *coverage, struct error *err)
{
	const struct command_context *context = arg;
	CLEANUP(buffer_fini) struct buffer text = {0};
	if (command_flag(context, "json"))
		return print_json(&context->console, cluster_json(coverage), err);
	enum status st = cluster_show(&text, coverage, err);
	return st ? st : print_text(&context->console, &text, err);
}

enum status command_info(struct command_context *context, struct error *err)
{
	struct repository_settings settings;
	enum status attached = settings_repository(&settings, context, err);
	if (attached)
		return error_wrap(err, attached, "info");
	context->settings = &settings;
	struct progress progress;
	struct survey survey = {
	    .settings = context->settings, .call = context->call, .progress = &progress, .each = show, .arg = context};
	progress_begin(&progress, context->console.terminal_fd, context->call->clock);
	enum status st = survey_operand(context, &survey.system_id, err);
	if (!st)
		st = survey_run(&survey, err);
	/* Nothing is in an empty repository; a cluster that was asked for is missed. */
	if (!st && survey.system_id != 0 && survey.objects == 0)
		st = survey_nothing(&survey, err);
	return st ? error_wrap(err, st, "info %s", config_text(context->config, OPTION_ID_REPO)) : STATUS_OK;
}
