/* push: from the options to the plain structs of push_ahead.h. */
#include "archive/push/push_ahead.h"
#include "archive/push/push_outcome.h"
#include "base/path.h"
#include "command/command.h"
#include "command/options/settings.h"
#include "command/options/settings_monitor.h"
#include "command/schedule_push.h"
#include "sys/processors.h"

static enum status push(struct command_context *context, struct error *err)
{
	struct repository_settings settings;
	const struct config *config = context->config;
	const char *path = context->operands[0];
	enum status st = settings_repository(&settings, context, err);
	if (st)
		return error_wrap(err, st, "push %s", path);
	log_about_file(context->call->log, path_name(path));
	struct push_ahead ahead = {
	    .push = settings_push(config),
	    .settings = &settings,
	    /* Each connection has the bandwidth limit for itself. */
	    .files_max = settings_bandwidth_is_limited(config) ? 0 : config_number(config, OPTION_ID_PUSH_AHEAD),
	};
	ahead.push.call = context->call;
	ahead.push.path = path;
	/* A store that keeps an object in memory has no room for compressed pieces beside it, and its network is slower
	 * than one thread compresses. */
	ahead.push.threads = ahead.push.buffer_bytes == 0 ? processors_count() : 1;
	return push_ahead_run(&ahead, err);
}

enum status command_push(struct command_context *context, struct error *err)
{
	enum status st = push(context, err);
	/* Keys and connections are gone by now: the outcome needs none. */
	struct push_outcome_settings outcome = settings_push_outcome(context);
	struct push_notes notes;
	if (push_outcome_note(&outcome, context->call, st, err, &notes))
		schedule_push(context, &notes);
	return st;
}
