/* push, fetch and cat: from the configuration to the plain structs of push.h and fetch.h. */
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/fetch/fetch_ahead.h"
#include "archive/fetch/prefetch_client.h"
#include "archive/push/push_ahead.h"
#include "base/cleanup.h"
#include "base/environment.h"
#include "base/path.h"
#include "base/uri.h"
#include "command/command.h"
#include "command/settings.h"
#include "command/settings_monitor.h"
#include "pg/data/control.h"
#include "repo/cluster_id.h"
#include "repo/repository.h"
#include "stream/codec/codec.h"
#include "sys/processors.h"
#include "walship/fetch.h"
#include "walship/push.h"

/* What one object may need of memory on its way: S3 takes a whole part at once, a directory a file. */
static uint64_t buffer_bytes(const struct config *config)
{
	struct repo_url url;
	struct error ignored = {0};
	if (repo_url_parse(&url, config_text(config, OPTION_ID_REPO), &ignored) || url.kind != REPO_S3)
		return 0;
	return config_number(config, OPTION_ID_S3_PART_SIZE);
}

/*
 * Whether the file has been pushed ahead of this call: then nothing is left to do. False, with a spool that notes can
 * be kept in, when it has not.
 */
static enum status look_into_spool(const struct push *push, struct pushed_markers *notes, bool *done, bool *usable,
				   const struct repository_settings *settings, struct error *err)
{
	struct shipped file;
	struct error trouble = {0};
	*done = *usable = false;
	enum status st = push_examine(push, &file, err);
	if (st)
		return st;
	*usable = pushed_markers_open(notes, settings, file.system_id, push->path, &trouble) == STATUS_OK;
	if (*usable)
		*done = pushed_marker_take(notes, path_name(push->path), &file);
	else
		log_line(push->call->log, LEVEL_WARNING, "push-ahead is off: %s", trouble.text);
	if (*done)
		log_line(push->call->log, LEVEL_INFO, "push %s: pushed ahead by an earlier call",
			 path_name(push->path));
	return STATUS_OK;
}

static enum status push_now(struct command_context *context, struct error *err)
{
	struct repository_settings settings;
	enum status attached = settings_repository(&settings, context, err);
	if (attached)
		return error_wrap(err, attached, "push %s", context->operands[0]);
	context->settings = &settings;
	const struct config *config = context->config;
	const struct codec *codec = codec_by_name(config_text(config, OPTION_ID_COMPRESS));
	CLEANUP(repository_fini) struct repository repo = {0};
	struct pushed_markers notes;
	bool done = false, ahead = false;
	log_about_file(context->call->log, path_name(context->operands[0]));
	enum status st = codec_check(codec, STATUS_USAGE, err);
	if (st)
		return error_wrap(err, st, "push %s: compress = %s", path_name(context->operands[0]), codec->name);
	struct push push = {
	    .call = context->call,
	    .codec = codec,
	    .level = (int)config_number(config, OPTION_ID_COMPRESS_LEVEL),
	    .path = context->operands[0],
	    .pg_data = config_text(config, OPTION_ID_PG_DATA),
	    .system_id = config_number(config, OPTION_ID_SYSTEM_ID),
	    .buffer_bytes = buffer_bytes(config),
	};
	/* Where an object is kept in memory until it is sent, pieces beside it would be too much, and the network is
	 * slower. */
	push.threads = push.buffer_bytes == 0 ? processors_count() : 1;
	/* Each connection would have the limit for itself, and more of them are no faster. */
	bool limited = config_number(config, OPTION_ID_S3_BANDWIDTH_LIMIT) > 0;
	if (config_number(config, OPTION_ID_PUSH_AHEAD) > 0 && !limited) {
		st = look_into_spool(&push, &notes, &done, &ahead, context->settings, err);
		if (st || done)
			return st;
	}
	st = repository_open(&repo, context->settings, context->call, err);
	if (st)
		return error_wrap(err, st, "push %s", path_name(context->operands[0]));
	push.store = repo.store;
	push.key = repo.encrypt ? &repo.keys.keys[0] : NULL;
	push.keys = &repo.keys;
	return ahead ? push_with_others(&push, &repo, &notes, context, err) : push_file(&push, NULL, err);
}

enum status command_push(struct command_context *context, struct error *err)
{
	enum status st = push_now(context, err);
	/* By now keys and connections are gone: what is told of it needs none. */
	struct push_outcome_settings outcome = settings_push_outcome(context);
	push_outcome_note(&outcome, context->call, st, err);
	return st;
}

/* Whether PostgreSQL asks again for what it does not get: then an outage may be a code that it takes for "no". */
static enum exit_for choose_reader(const struct config *config, const struct data_directory *directory)
{
	uint64_t wish = config_number(config, OPTION_ID_FETCH_ERROR);
	bool asks_again =
	    wish == FETCH_ERROR_CONTINUE || (wish == FETCH_ERROR_AUTO && data_directory_is_standby(directory));
	return asks_again ? EXIT_FOR_STANDBY : EXIT_FOR_FETCH;
}

/* Who asks, and for what; dest is NULL for cat. */
static enum status prepare(struct command_context *context, struct fetch *fetch, const char *dest, struct error *err)
{
	struct data_directory directory;
	const struct config *config = context->config;
	log_about_file(context->call->log, context->operands[0]);
	struct cluster_hint hint = settings_cluster(config);
	enum status st = cluster_id_find(&hint, dest, &directory, &fetch->system_id, err);
	context->reader = choose_reader(config, &directory);
	fetch->call = context->call;
	fetch->name = context->operands[0];
	log_about_system(context->call->log, fetch->system_id);
	if (st || fetch->system_id != 0)
		return st;
	(void)error_set(err, STATUS_USAGE, "the cluster's system identifier is not known");
	return error_hint(err, STATUS_USAGE, "run in the data directory, or give --pg-data or --system-id");
}

static enum status open_for(struct command_context *context, struct repository *repo, struct fetch *fetch,
			    struct error *err)
{
	enum status st = repository_open(repo, context->settings, context->call, err);
	fetch->store = repo->store;
	fetch->keys = &repo->keys;
	fetch->allow_unprotected = !repo->encrypt;
	return st;
}

/* dest, from the store. */
static enum status fetch_now(struct command_context *context, const struct fetch *wanted, const char *dest,
			     struct error *err)
{
	CLEANUP(repository_fini) struct repository repo = {0};
	struct fetch fetch = *wanted; /* of its own: it points into the session, which ends here */
	enum status st = open_for(context, &repo, &fetch, err);
	return st ? error_wrap(err, st, "fetch %s", fetch.name) : fetch_file(&fetch, dest, err);
}

static uint64_t size_of(const char *path)
{
	struct stat info;
	return stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
}

/* From the spool if it is there; else from the store, while a process of its own begins to fetch what comes next. */
static enum status fetch_segment(struct command_context *context, struct fetch *fetch, const struct wal_name *name,
				 const char *dest, struct error *err)
{
	CLEANUP(prefetch_client_fini) struct prefetch_client client = {.wanted_fd = -1};
	CLEANUP(fd_closep) int ahead_fd = -1;
	struct error trouble = {0};
	uint64_t bytes_max = config_number(context->config, OPTION_ID_FETCH_AHEAD);
	if (prefetch_client_open(&client, context->settings, fetch->system_id, &trouble)) {
		log_line(context->call->log, LEVEL_WARNING, "fetch-ahead is off: %s", trouble.text);
		return fetch_now(context, fetch, dest, err);
	}
	if (prefetch_client_take(&client, context->call, name, dest)) {
		log_line(context->call->log, LEVEL_INFO, "fetch %s: was in the spool, verified", name->text);
		prefetch_client_tell(&client, name->text, size_of(dest));
		return STATUS_OK;
	}
	if (client.wanted_fd < 0 && prefetch_client_follows(&client, name, bytes_max))
		ahead_fd = fetch_ahead_start(context, &client, fetch->system_id);
	enum status st = fetch_now(context, fetch, dest, err);
	if (!st && ahead_fd >= 0)
		fetch_ahead_begin(ahead_fd, name->text, size_of(dest));
	if (!st)
		prefetch_client_tell(&client, name->text, size_of(dest));
	return st;
}

static enum status fetch(struct command_context *context, struct error *err)
{
	struct repository_settings settings;
	enum status attached = settings_repository(&settings, context, err);
	if (attached)
		return error_wrap(err, attached, "fetch %s", context->operands[0]);
	context->settings = &settings;
	struct fetch fetch = {0};
	struct wal_name name;
	struct error ignored = {0};
	const char *dest = context->operands[1];
	enum status st = prepare(context, &fetch, dest, err);
	if (st)
		return error_wrap(err, st, "fetch %s", context->operands[0]);
	bool ahead = config_number(context->config, OPTION_ID_FETCH_AHEAD) > 0 &&
		     wal_name_parse(&name, fetch.name, &ignored) == STATUS_OK && name.kind == WAL_SEGMENT;
	return ahead ? fetch_segment(context, &fetch, &name, dest, err) : fetch_now(context, &fetch, dest, err);
}

enum status command_fetch(struct command_context *context, struct error *err)
{
	enum status st = fetch(context, err);
	if (st != STATUS_MISSING)
		return st;
	/* PostgreSQL asks for what is not there all the time: no noise. */
	log_line(context->call->log, LEVEL_INFO, "%s", err->text);
	*err = (struct error){0};
	return st;
}

/* Where content waits for its verification; TMPDIR as everywhere (POSIX, environment variables). */
static const char *scratch_dir(const char *const *environment)
{
	const char *dir = environment_value(environment, "TMPDIR", strlen("TMPDIR"));
	return dir == NULL || dir[0] == '\0' ? "/tmp" : dir;
}

enum status command_cat(struct command_context *context, struct error *err)
{
	struct repository_settings settings;
	enum status attached = settings_repository(&settings, context, err);
	if (attached)
		return error_wrap(err, attached, "cat %s", context->operands[0]);
	context->settings = &settings;
	CLEANUP(repository_fini) struct repository repo = {0};
	struct fetch fetch = {.scratch = scratch_dir(context->environment), .verified = context->console.verified};
	enum status st = prepare(context, &fetch, NULL, err);
	if (!st)
		st = open_for(context, &repo, &fetch, err);
	if (st)
		return error_wrap(err, st, "cat %s", context->operands[0]);
	return fetch_to_fd(&fetch, context->console.out_fd, err);
}
