#include "verify/verify.h"

#include "command/command.h"
#include "command/options/settings.h"
#include "inventory/survey.h"
#include "sys/processors.h"

static size_t thread_count(const struct config *config)
{
	/* The bandwidth limit holds for each connection: one thread keeps the total below it. */
	if (config_number(config, OPTION_ID_S3_BANDWIDTH_LIMIT) > 0)
		return 1;
	unsigned processors = processors_count();
	return processors < VERIFY_THREADS_MAX ? processors : VERIFY_THREADS_MAX;
}

enum status command_verify(struct command_context *context, struct error *err)
{
	const struct config *config = context->config;
	const char *notes_dir = config_text(config, OPTION_ID_VERIFY_NOTES);
	struct repository_settings settings;
	struct verify_params params = {
	    .settings = &settings,
	    .call = context->call,
	    .console = &context->console,
	    .push_timeout_ms = (int64_t)config_number(config, OPTION_ID_PUSH_TIMEOUT),
	    .json = command_flag(context, "json"),
	    .read = command_flag(context, "read"),
	    .commit_times = command_flag(context, "commit-times"),
	    .notes_dir = notes_dir == NULL ? config_text(config, OPTION_ID_SPOOL) : notes_dir,
	    .notes_max_age_ms = (int64_t)config_number(config, OPTION_ID_VERIFY_AGAIN),
	    .threads = thread_count(config),
	};
	enum status st = settings_repository(&settings, context, err);
	if (!st)
		st = survey_system_id(context->operands[0], &params.system_id, err);
	if (!st)
		st = verify_run(&params, err);
	return st ? error_wrap(err, st, "verify %s", settings.url) : STATUS_OK;
}
