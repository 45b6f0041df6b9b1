/* stream: from options to the settings of receive/receive.h. */
#include "base/environment.h"
#include "command/command.h"
#include "command/options/settings.h"
#include "receive/receive.h"
#include "stream/codec/codec.h"

enum status command_stream(struct command_context *context, struct error *err)
{
	static const char socket_name[] = "NOTIFY_SOCKET";
	const struct config *config = context->config;
	const struct push push = settings_push(config);
	struct repository_settings repository;
	struct call call = *context->call;
	const struct receive_settings settings = {
	    .repository = &repository,
	    .cluster = settings_cluster(config),
	    .postgres = settings_postgres(context),
	    .spool = config_text(config, OPTION_ID_SPOOL),
	    .slot = config_text(config, OPTION_ID_STREAM_SLOT),
	    .interval_ms = (int64_t)config_number(config, OPTION_ID_STREAM_INTERVAL),
	    .part_bytes = config_number(config, OPTION_ID_STREAM_BYTES),
	    .timeout_ms = (int64_t)config_number(config, OPTION_ID_PUSH_TIMEOUT),
	    .codec = push.codec,
	    .level = push.level,
	    .notify_socket = environment_value(context->environment, socket_name, sizeof socket_name - 1),
	    .call = &call,
	};
	/* It goes on for ever: each request has a deadline of its own. */
	call.step_begun = NULL;
	if (context->console.verified != NULL)
		context->console.verified();
	enum status st = settings_repository(&repository, context, err);
	if (!st)
		st = codec_check(settings.codec, STATUS_USAGE, err);
	if (!st)
		st = receive_run(&settings, err);
	return st ? error_wrap(err, st, "stream") : STATUS_OK;
}
