/* push, fetch and cat: from the configuration to the plain structs of push.h and fetch.h. */
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/environment.h"
#include "command/session.h"
#include "stream/codec.h"
#include "wal/control.h"
#include "walship/fetch.h"
#include "walship/push.h"

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash == NULL ? path : slash + 1;
}

enum status command_push(struct command_context *context, struct error *err)
{
	const struct config *config = context->config;
	const struct codec *codec = codec_by_name(config_text(config, OPTION_ID_COMPRESS));
	CLEANUP(session_fini) struct session session = {0};
	enum status st = codec_check(codec, STATUS_USAGE, err);
	if (st)
		return error_wrap(err, st, "push %s: compress = %s", file_name(context->operands[0]), codec->name);
	st = session_open(&session, context, err);
	if (st)
		return error_wrap(err, st, "push %s", file_name(context->operands[0]));
	struct push push = {
	    .store = session.store,
	    .call = context->call,
	    .codec = codec,
	    .level = (int)config_number(config, OPTION_ID_COMPRESS_LEVEL),
	    .key = session.encrypt ? &session.keys.keys[0] : NULL,
	    .keys = &session.keys,
	    .path = context->operands[0],
	    .pg_data = config_text(config, OPTION_ID_PG_DATA),
	    .system_id = config_number(config, OPTION_ID_SYSTEM_ID),
	};
	return push_file(&push, err);
}

/* Whether PostgreSQL asks again for what it does not get: then an outage may be a code that it takes for "no". */
static enum exit_for choose_reader(const struct config *config, const struct data_directory *directory)
{
	uint64_t wish = config_number(config, OPTION_ID_FETCH_ERROR);
	bool asks_again =
	    wish == FETCH_ERROR_CONTINUE || (wish == FETCH_ERROR_AUTO && data_directory_is_standby(directory));
	return asks_again ? EXIT_FOR_STANDBY : EXIT_FOR_FETCH;
}

/* The cluster whose file is wanted: from the data directory and the option, which must agree. */
static enum status settle_system_id(const struct config *config, const struct data_directory *directory, uint64_t *out,
				    struct error *err)
{
	uint64_t given = config_number(config, OPTION_ID_SYSTEM_ID);
	*out = directory->known ? directory->system_id : given;
	if (*out == 0) {
		(void)error_set(err, STATUS_USAGE, "the cluster's system identifier is not known");
		return error_hint(err, STATUS_USAGE, "run in the data directory, or give --pg-data or --system-id");
	}
	if (given == 0 || given == *out)
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "system-id is %" PRIu64 ", but the data directory is of cluster %" PRIu64,
			given, *out);
	return error_hint(err, STATUS_USAGE, "leave system-id out where a data directory is at hand");
}

/* dest is NULL for cat. */
static enum status prepare(struct command_context *context, struct session *session, struct fetch *fetch,
			   const char *dest, struct error *err)
{
	struct data_directory directory;
	const struct config *config = context->config;
	enum status st = data_directory_find(&directory, config_text(config, OPTION_ID_PG_DATA), dest, err);
	if (st)
		return st;
	context->reader = choose_reader(config, &directory);
	st = settle_system_id(config, &directory, &fetch->system_id, err);
	if (!st)
		st = session_open(session, context, err);
	fetch->store = session->store;
	fetch->call = context->call;
	fetch->keys = &session->keys;
	fetch->allow_unprotected = !session->encrypt;
	fetch->name = context->operands[0];
	return st;
}

enum status command_fetch(struct command_context *context, struct error *err)
{
	CLEANUP(session_fini) struct session session = {0};
	struct fetch fetch = {0};
	enum status st = prepare(context, &session, &fetch, context->operands[1], err);
	if (st)
		return error_wrap(err, st, "fetch %s", context->operands[0]);
	return fetch_file(&fetch, context->operands[1], err);
}

/* Where content waits for its verification; TMPDIR as everywhere (POSIX, environment variables). */
static const char *scratch_folder(const char *const *environment)
{
	const char *folder = environment_value(environment, "TMPDIR", strlen("TMPDIR"));
	return folder == NULL || folder[0] == '\0' ? "/tmp" : folder;
}

enum status command_cat(struct command_context *context, struct error *err)
{
	CLEANUP(session_fini) struct session session = {0};
	struct fetch fetch = {.scratch = scratch_folder(context->environment), .verified = context->verified};
	enum status st = prepare(context, &session, &fetch, NULL, err);
	if (st)
		return error_wrap(err, st, "cat %s", context->operands[0]);
	return fetch_to_fd(&fetch, context->out_fd, err);
}
