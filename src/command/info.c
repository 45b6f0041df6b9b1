#include "inventory/info.h"

#include "command/command.h"
#include "command/options/settings.h"
#include "inventory/survey.h"

/* info->at stays NULL without the option. */
static enum status take_time(struct info_params *info, struct target *target, const struct config *config,
			     struct error *err)
{
	const struct target_options options = {.time = config_text(config, OPTION_ID_INFO_AT)};
	if (options.time == NULL)
		return STATUS_OK;
	info->at = target;
	enum status st = target_parse(target, &options, err);
	return st ? error_wrap(err, st, "info-at") : STATUS_OK;
}

enum status command_info(struct command_context *context, struct error *err)
{
	const struct config *config = context->config;
	struct repository_settings settings;
	struct target target;
	const char *notes_dir = config_text(config, OPTION_ID_VERIFY_NOTES);
	struct info_params params = {.settings = &settings,
				     .call = context->call,
				     .console = &context->console,
				     .json = command_flag(context, "json"),
				     .commit_times = command_flag(context, "commit-times"),
				     .notes_dir = notes_dir == NULL ? config_text(config, OPTION_ID_SPOOL) : notes_dir,
				     .all_timelines =
					 config_number(config, OPTION_ID_FETCH_TIMELINES) == FETCH_TIMELINES_ALL};
	enum status st = take_time(&params, &target, config, err);
	if (st)
		return error_wrap(err, st, "info");
	st = settings_repository(&settings, context, err);
	if (!st)
		st = survey_system_id(context->operands[0], &params.system_id, err);
	if (!st)
		st = info_show(&params, err);
	return st ? error_wrap(err, st, "info %s", settings.url) : STATUS_OK;
}
