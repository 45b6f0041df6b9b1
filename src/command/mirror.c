/* mirror: from the options to the plain struct of mirror.h. */
#include "mirror/mirror.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "command/command.h"
#include "command/expire.h"
#include "command/mirror_conf.h"
#include "repo/repository.h"

/* Nothing is opened or made: the keys are not needed, and need not be on this machine. */
static void forget_keys(struct repository_settings *settings)
{
	settings->key_count = 0;
	settings->encrypt = false;
}

/* For walship status. A note that cannot be written makes status say too little, and the copy is as good. */
static void note_run(const struct command_context *context, const char *url, const struct mirror_figures *figures,
		     int64_t begun_s, const struct error *trouble)
{
	const char *spool = config_text(context->config, OPTION_ID_SPOOL);
	struct mirror_note note;
	struct error ignored = {0};
	bool failed = trouble->text[0] != '\0';
	(void)mirror_note_read(&note, spool, url);
	note.ended_s = clock_utc_s(context->call->clock);
	note.failures = failed ? note.failures + 1 : 0;
	note.succeeded_s = failed ? note.succeeded_s : begun_s;
	(void)snprintf(note.error, sizeof note.error, "%.*s", (int)sizeof note.error - 1, trouble->text);
	if (figures->compared) {
		note.behind_objects = figures->behind_objects;
		note.behind_bytes = figures->behind_bytes;
	}
	if (!failed)
		memcpy(note.newest, figures->newest, sizeof note.newest);
	if (mirror_note_write(&note, spool, url, &ignored))
		log_line(context->call->log, LEVEL_INFO, "could not record the mirror run: %s", ignored.text);
}

static enum status mirror_to(const struct command_context *context, const char *path, struct error *err)
{
	CLEANUP(mirror_conf_fini) struct mirror_conf copy = {0};
	struct repository_settings original;
	struct mirror_figures figures = {0};
	int64_t begun_s = clock_utc_s(context->call->clock);
	struct mirror_params params = {
	    .original = &original,
	    .copy = &copy.settings,
	    .call = context->call,
	    .console = &context->console,
	    .open = command_flag(context, "read"),
	    .dry_run = command_flag(context, "dry-run"),
	    .json = command_flag(context, "json"),
	    .figures = &figures,
	};
	enum status st = settings_repository(&original, context, err);
	if (!st)
		st = mirror_conf_load(&copy, context, path, err);
	if (st)
		return error_wrap(err, st, "mirror");
	/* expire opens the manifests of the copy. */
	const struct repository_settings with_keys = copy.settings;
	if (!params.open)
		forget_keys(&original);
	forget_keys(&copy.settings);
	params.one_by_one =
	    settings_bandwidth_is_limited(context->config) || settings_bandwidth_is_limited(copy.config);
	if (repository_in_s3(&copy.settings))
		params.buffer_bytes = config_number(copy.config, OPTION_ID_S3_PART_SIZE);
	st = mirror_run(&params, err);
	if (!params.dry_run && st != STATUS_UNREAD)
		note_run(context, copy.settings.url, &figures, begun_s, err);
	/* Only a copy that has everything may lose something. */
	if (!st && command_flag(context, "expire"))
		st = expire_repository(context, copy.config, &with_keys, &original, err);
	return st ? error_wrap(err, st, "mirror %s", copy.settings.url) : STATUS_OK;
}

enum status command_mirror(struct command_context *context, struct error *err)
{
	const struct config *config = context->config;
	size_t count = config_list_count(config, OPTION_ID_MIRROR_CONF);
	enum status worst = STATUS_OK;
	if (context->operands[0] != NULL)
		return mirror_to(context, context->operands[0], err);
	if (count == 0) {
		(void)error_set(err, STATUS_USAGE, "mirror: no copy is named");
		return error_hint(err, STATUS_USAGE, "walship mirror OTHER.conf, or set mirror-conf");
	}
	/* One copy that fails does not hold up the others. */
	for (size_t i = 0; i < count; i++) {
		struct error trouble = {0};
		enum status st = mirror_to(context, config_list_item(config, OPTION_ID_MIRROR_CONF, i), &trouble);
		if (st && !worst)
			*err = trouble;
		else if (st)
			log_line(context->call->log, LEVEL_ERROR, "%s", trouble.text);
		worst = worst ? worst : st;
	}
	return worst;
}
