/* restore: from options and flags to the plain structs of restore/restore.h. */
#include "restore/restore.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "command/command.h"
#include "command/mirror_conf.h"
#include "command/options/restore_command.h"
#include "command/options/restore_threads.h"
#include "command/options/settings.h"

#define OID_MAX 11 /* 32 bits, and a 0 byte */

struct tablespaces {
	struct restored_tablespace *items;
	char (*oids)[OID_MAX];
	size_t count;
};

static void tablespaces_fini(struct tablespaces *tablespaces)
{
	free(tablespaces->items);
	free(tablespaces->oids);
}

static enum status take_tablespace(struct tablespaces *out, const char *text, struct error *err)
{
	size_t len = strspn(text, "0123456789");
	if (len == 0 || len >= OID_MAX || text[len] != '=' || text[len + 1] != '/')
		return error_hint(err, error_set(err, STATUS_USAGE, "'%s' is not a tablespace's OID=DIRECTORY", text),
				  "give the OID, which is the name of the tablespace's link in pg_tblspc, and an "
				  "absolute path: --tablespace 16384=/srv/fast");
	char *oid = out->oids[out->count];
	memcpy(oid, text, len);
	oid[len] = '\0';
	for (size_t i = 0; i < out->count; i++)
		if (strcmp(out->oids[i], oid) == 0)
			return error_set(err, STATUS_USAGE, "tablespace %s is given two directories", oid);
	out->items[out->count++] = (struct restored_tablespace){oid, text + len + 1};
	return STATUS_OK;
}

static enum status take_tablespaces(struct tablespaces *out, const struct config *config, struct error *err)
{
	size_t count = config_list_count(config, OPTION_ID_RESTORE_TABLESPACE);
	enum status st = STATUS_OK;
	if (count == 0)
		return STATUS_OK;
	out->items = calloc(count, sizeof *out->items);
	out->oids = calloc(count, sizeof *out->oids);
	if (out->items == NULL || out->oids == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	for (size_t i = 0; !st && i < count; i++)
		st = take_tablespace(out, config_list_item(config, OPTION_ID_RESTORE_TABLESPACE, i), err);
	return st;
}

static enum status take_target(struct target *out, const struct command_context *context, struct error *err)
{
	const struct config *config = context->config;
	const struct target_options options = {.time = config_text(config, OPTION_ID_RESTORE_TARGET_TIME),
					       .lsn = config_text(config, OPTION_ID_RESTORE_TARGET_LSN),
					       .xid = config_text(config, OPTION_ID_RESTORE_TARGET_XID),
					       .name = config_text(config, OPTION_ID_RESTORE_TARGET_NAME),
					       .timeline = config_text(config, OPTION_ID_RESTORE_TARGET_TIMELINE),
					       .action = config_text(config, OPTION_ID_RESTORE_TARGET_ACTION),
					       .immediate = command_flag(context, "target-immediate"),
					       .exclusive = command_flag(context, "target-exclusive"),
					       .standby = command_flag(context, "standby")};
	return target_parse(out, &options, err);
}

static enum status check_flags(const struct restore_params *params, struct error *err)
{
	if (params->directory == NULL)
		return error_hint(err, error_set(err, STATUS_USAGE, "restore needs a data directory to write to"),
				  "give --pg-data DIR");
	if (params->clone && params->takeover)
		return error_hint(err, error_set(err, STATUS_USAGE, "--clone and --takeover contradict each other"),
				  "a clone never archives; with --takeover the server archives as before");
	return STATUS_OK;
}

static enum status run(struct command_context *context, const struct restore_params *given, struct error *err)
{
	struct restore_params params = *given;
	CLEANUP(buffer_fini) struct buffer command = {0};
	CLEANUP(tablespaces_fini) struct tablespaces tablespaces = {0};
	CLEANUP(mirror_confs_fini) struct mirror_confs mirrors = {.context = context};
	struct repository_settings settings;
	struct target target;
	enum status st = check_flags(&params, err);
	if (!st)
		st = take_target(&target, context, err);
	if (!st)
		st = take_tablespaces(&tablespaces, context->config, err);
	if (!st)
		st = settings_repository(&settings, context, err);
	if (!st)
		st = restore_command_make(&command, context, err);
	if (st)
		return st;
	params.settings = &settings;
	params.mirrors = mirror_confs_of(&mirrors);
	params.target = &target;
	params.tablespaces = tablespaces.items;
	params.tablespace_count = tablespaces.count;
	params.restore_command = buffer_text(&command);
	return restore_run(&params, err);
}

enum status command_restore(struct command_context *context, struct error *err)
{
	const struct config *config = context->config;
	const struct restore_params params = {
	    .call = context->call,
	    .console = &context->console,
	    .directory = config_text(config, OPTION_ID_PG_DATA),
	    .system_id = config_number(config, OPTION_ID_SYSTEM_ID),
	    .backup = config_text(config, OPTION_ID_RESTORE_BACKUP),
	    .threads = restore_threads(config),
	    .memory_bytes = config_number(config, OPTION_ID_RESTORE_MEMORY),
	    .delta = command_flag(context, "delta"),
	    .dry_run = command_flag(context, "dry-run"),
	    .force = command_flag(context, "force"),
	    .json = command_flag(context, "json"),
	    .clone = command_flag(context, "clone"),
	    .takeover = command_flag(context, "takeover"),
	    .thaw = {.asks = command_flag(context, "thaw"),
		     .request = {.tier = config_text(config, OPTION_ID_THAW_TIER),
				 .days = (unsigned)config_number(config, OPTION_ID_THAW_DAYS)},
		     .timeout_ms = (int64_t)config_number(config, OPTION_ID_THAW_TIMEOUT)},
	    .postgres_manifest = command_flag(context, "backup-manifest"),
	    .all_timelines = config_number(config, OPTION_ID_FETCH_TIMELINES) == FETCH_TIMELINES_ALL,
	};
	enum status st = run(context, &params, err);
	return st ? error_wrap(err, st, "restore") : STATUS_OK;
}
