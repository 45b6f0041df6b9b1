/* fetch: from the options to the plain structs of fetch_ahead.h. */
#include "command/fetch.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "archive/fetch/fetch_ahead.h"
#include "base/cleanup.h"
#include "base/path.h"
#include "command/mirror_conf.h"
#include "command/options/settings.h"
#include "pg/wal/name.h"
#include "repo/cluster_id.h"

/*
 * A server whose recovery is over asks once more, for the history of the timeline that it leaves, after it has removed
 * its signal files (StartupXLOG in xlog.c, writeTimeLineHistory in timeline.c). pg_wal has that history already if
 * there is one. A code above 125 would end this server, and its next start would go on with the old timeline.
 */
static bool is_past_recovery(const struct data_directory *directory, const char *name)
{
	struct wal_name parsed;
	struct error ignored;
	return !wal_name_parse(&parsed, name, &ignored) && parsed.kind == WAL_HISTORY &&
	       data_directory_is_past_recovery(directory);
}

/* A standby asks again for a file that it did not get: there an outage may have the exit code of a missing file. */
static enum exit_for choose_reader(const struct command_context *context, const struct data_directory *directory)
{
	const struct config *config = context->config;
	if (is_past_recovery(directory, context->operands[0]))
		return EXIT_FOR_PROMOTION;
	uint64_t wish = config_number(config, OPTION_ID_FETCH_ERROR);
	bool asks_again =
	    wish == FETCH_ERROR_CONTINUE || (wish == FETCH_ERROR_AUTO && data_directory_is_standby(directory));
	return asks_again ? EXIT_FOR_STANDBY : EXIT_FOR_FETCH;
}

enum exit_for command_fetch_unconfigured(const char *const *operands)
{
	struct data_directory directory;
	struct error ignored;
	return data_directory_find(&directory, NULL, operands[1], &ignored) == STATUS_OK &&
		       is_past_recovery(&directory, operands[0])
		   ? EXIT_FOR_PROMOTION
		   : EXIT_FOR_FETCH;
}

enum status fetch_identify(struct command_context *context, struct fetch *fetch, const char *dest,
			   struct data_directory *directory, struct error *err)
{
	const struct config *config = context->config;
	log_about_file(context->call->log, context->operands[0]);
	struct cluster_hint hint = settings_cluster(config);
	enum status st = cluster_id_find(&hint, dest, directory, &fetch->system_id, err);
	context->reader = choose_reader(context, directory);
	fetch->call = context->call;
	fetch->name = context->operands[0];
	log_about_system(context->call->log, fetch->system_id);
	if (st || fetch->system_id != 0)
		return st;
	(void)error_set(err, STATUS_USAGE, "the cluster's system identifier is not known");
	return error_hint(err, STATUS_USAGE, "run walship in the data directory, or give --pg-data or --system-id");
}

/*
 * PostgreSQL's %p is below pg_wal. 'walship fetch %f %f' would end with 0, and PostgreSQL, which does not find the file
 * at %p then, would take that for the end of the archive.
 */
static enum status check_dest(const struct data_directory *directory, const char *dest, struct error *err)
{
	char dir[PATH_MAX];
	struct stat of_dest, of_data;
	if (!directory->known || snprintf(dir, sizeof dir, "%.*s.", (int)path_dir_len(dest), dest) >= (int)sizeof dir ||
	    stat(dir, &of_dest) != 0 || stat(directory->path, &of_data) != 0 || of_dest.st_dev != of_data.st_dev ||
	    of_dest.st_ino != of_data.st_ino)
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "%s lies in the data directory itself", dest);
	return error_hint(err, STATUS_USAGE,
			  "restore_command = 'walship fetch %%f %%p'; to look at a file, name another directory");
}

static enum status fetch(struct command_context *context, struct error *err)
{
	struct repository_settings settings;
	struct data_directory directory;
	CLEANUP(mirror_confs_fini) struct mirror_confs mirrors = {.context = context};
	const struct config *config = context->config;
	const char *dest = context->operands[1];
	struct fetch_ahead ahead = {
	    .settings = &settings,
	    .mirrors = mirror_confs_of(&mirrors),
	    .data_directory = &directory,
	    .all_timelines = config_number(config, OPTION_ID_FETCH_TIMELINES) == FETCH_TIMELINES_ALL,
	    .bytes_max = config_number(config, OPTION_ID_FETCH_AHEAD),
	    .timeout_ms = (int64_t)config_number(config, OPTION_ID_FETCH_TIMEOUT),
	    .use_parts = config_number(config, OPTION_ID_FETCH_PARTIAL) == FETCH_PARTIAL_AUTO,
	    .one_by_one = settings_bandwidth_is_limited(config),
	    .detach = context->detach,
	};
	enum status st = settings_repository(&settings, context, err);
	if (!st)
		st = fetch_identify(context, &ahead.fetch, dest, &directory, err);
	if (!st)
		st = check_dest(&directory, dest, err);
	return st ? error_wrap(err, st, "fetch %s", context->operands[0]) : fetch_ahead_run(&ahead, dest, err);
}

enum status command_fetch(struct command_context *context, struct error *err)
{
	enum status st = fetch(context, err);
	if (st != STATUS_MISSING)
		return st;
	/* PostgreSQL asks for missing files all the time: no noise. */
	log_line(context->call->log, LEVEL_INFO, "%s", err->text);
	*err = (struct error){0};
	return st;
}
