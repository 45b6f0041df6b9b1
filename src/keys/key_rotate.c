/* key rotate: a new key, made and put first so that nothing that is stored, or on its way, becomes unreadable. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "command/command.h"
#include "command/settings.h"
#include "config/edit.h"
#include "console/print.h"
#include "console/progress.h"
#include "keys/key_file.h"
#include "repo/cluster_id.h"
#include "repo/header_scan.h"
#include "repo/key_load.h"
#include "repo/secret_source.h"
#include "stream/terminal_sink.h"

#define LOOKS_MAX 3 /* for the newest object, as long as it is removed before it is read */
#define ID_SIZE (2 * KEY_ID_BYTES + 1)

struct rotation {
	const struct command_context *context;
	struct repository repo;
	struct progress progress;
	char path[PATH_MAX]; /* of the new key: absolute */
	bool made;           /* by this call */
	char id[ID_SIZE];
	char newest[HEADER_SCAN_NAME_MAX]; /* object; "" while there is none */
	int64_t newest_s;
	uint64_t objects;
};

/*
 * The newest object.
 */

static enum status remember_newest(void *arg, const struct object_info *info, struct error *err)
{
	struct rotation *rotation = arg;
	(void)err;
	rotation->objects++;
	if (progress_is_due(&rotation->progress))
		progress_show(&rotation->progress, "looking for the newest of %llu objects",
			      (unsigned long long)rotation->objects);
	/* Of one second the last by name. */
	if (!header_scan_is_own(info->name) || (rotation->newest[0] != '\0' && info->modified_s < rotation->newest_s))
		return STATUS_OK;
	rotation->newest_s = info->modified_s;
	(void)snprintf(rotation->newest, sizeof rotation->newest, "%s", info->name);
	return STATUS_OK;
}

/* Damage is no key's fault, and what helps against it is something newer. What else is wrong has its own hint. */
static void advise(const struct rotation *rotation, struct error *err)
{
	uint8_t bytes[SEAL_HEADER_BYTES];
	size_t len = sizeof bytes;
	struct seal_header header;
	struct error why = {0};
	const struct call step = call_step(rotation->context->call);
	if (store_read_first(rotation->repo.store, &step, rotation->newest, bytes, &len, &why) != STATUS_OK)
		return;
	enum status st = seal_header_read(&header, bytes, len, &why);
	bool no_key = !st && header.encrypted && keyring_find(&rotation->repo.keys, header.key_id) == NULL;
	if (header.newer || (!st && !header.encrypted))
		return;
	err->hint[0] = '\0';
	(void)error_hint(
	    err, STATUS_DAMAGED,
	    no_key ? "add that key's copy as a further cipher-key-file (or cipher-key-command) first; walship "
		     "key list shows which keys the repository needs"
		   : "no key would open it: it is damaged, or not walship's. Let a newer one be archived (select "
		     "pg_switch_wal()), and rotate then; walship verify --read tells whether others are "
		     "damaged");
}

static enum status cannot_open(const struct rotation *rotation, enum status st, struct error *err)
{
	if (st == STATUS_DAMAGED)
		advise(rotation, err);
	(void)error_hint(err, st, "no key is changed before the present ones open what is stored");
	return error_wrap(err, st, "the newest object, %s, cannot be opened", rotation->newest);
}

/* All of it, to its tag: the keys that are configured are the right ones. STATUS_MISSING. */
static enum status open_newest(struct rotation *rotation, struct error *err)
{
	struct sink end = terminal_sink_null();
	struct sink *chain = &end;
	struct unseal_params params = {.keys = &rotation->repo.keys, .name = rotation->newest};
	const struct call step = call_step(rotation->context->call);
	enum status st = unseal_new(&chain, &params, err);
	if (!st)
		st = store_read(rotation->repo.store, &step, rotation->newest, chain, err);
	if (!st)
		st = sink_finish(chain, err);
	sink_free(chain);
	return !st || st == STATUS_MISSING ? st : cannot_open(rotation, st, err);
}

static enum status find_and_open_newest(struct rotation *rotation, const char *prefix, struct error *err)
{
	rotation->newest[0] = '\0';
	rotation->objects = 0;
	enum status st =
	    store_list(rotation->repo.store, rotation->context->call, prefix, remember_newest, rotation, err);
	progress_clear(&rotation->progress);
	if (st)
		return error_hint(
		    err, st,
		    "the repository is listed for its newest object; where that is not granted, walship keygen "
		    "makes a key, and doc/keys.md says where its line goes");
	return rotation->newest[0] == '\0' ? STATUS_OK : open_newest(rotation, err);
}

/* Of this cluster, where it is known which one: others in the repository may have other keys. */
static enum status prove_present_keys(struct rotation *rotation, struct error *err)
{
	struct data_directory directory;
	uint64_t system_id;
	char prefix[32] = "";
	struct cluster_hint hint = settings_cluster(rotation->context->config);
	enum status st = cluster_id_find(&hint, NULL, &directory, &system_id, err);
	if (st)
		return st;
	if (system_id != 0)
		(void)snprintf(prefix, sizeof prefix, "%" PRIu64 "/", system_id);
	progress_begin(&rotation->progress, rotation->context->console.terminal_fd, rotation->context->call->clock);
	st = find_and_open_newest(rotation, prefix, err);
	/* A lifecycle rule, or somebody, may have removed it since it was listed: then another is the newest. */
	for (int i = 1; st == STATUS_MISSING && i < LOOKS_MAX; i++)
		st = find_and_open_newest(rotation, prefix, err);
	return st == STATUS_MISSING ? cannot_open(rotation, STATUS_UNREACHABLE, err) : st;
}

/*
 * The key.
 */

/* The directory's own path and the name: the file may not be there yet. */
static enum status name_key(struct rotation *rotation, const char *operand, struct error *err)
{
	char dir[PATH_MAX], real[PATH_MAX];
	const char *slash = strrchr(operand, '/');
	const char *name = slash == NULL ? operand : slash + 1;
	(void)snprintf(dir, sizeof dir, "%.*s", slash == NULL ? 1 : (int)(slash - operand) + 1,
		       slash == NULL ? "." : operand);
	if (realpath(dir, real) == NULL)
		return error_hint(err, error_errno(err, STATUS_LOCAL, errno, "the directory of %s", operand),
				  "it must be there, and this user must be able to write to it");
	int len = snprintf(rotation->path, sizeof rotation->path, "%s/%s", strcmp(real, "/") == 0 ? "" : real, name);
	return name[0] != '\0' && len < (int)sizeof rotation->path
		   ? STATUS_OK
		   : error_set(err, STATUS_USAGE, "%s is not a valid file name", operand);
}

/* Owner and mode for the new key: those of the one that encrypts, which PostgreSQL's user can read. */
static const struct stat *model(const struct config *config, struct stat *out)
{
	struct config_key key = config_key(config, 0);
	if (key.id != OPTION_ID_CIPHER_KEY_FILE || stat(key.value, out) != 0)
		return NULL;
	/* Of a container's secret only the owner. */
	if ((out->st_mode & 0600) == 0)
		out->st_mode |= 0600;
	return out;
}

static enum status make_key(struct rotation *rotation, struct error *err)
{
	struct stat like;
	if (access(rotation->path, F_OK) == 0)
		return STATUS_OK;
	enum status st =
	    key_file_make(rotation->context->call, rotation->path, model(rotation->context->config, &like), err);
	rotation->made = st == STATUS_OK;
	return st;
}

/* A key that is in the ring already is right if it is this very file, and not the first. */
static enum status check_key(struct rotation *rotation, struct error *err)
{
	const struct secret_source given = {SECRET_FILE, option_table[OPTION_ID_CIPHER_KEY_FILE].name, rotation->path};
	CLEANUP(keyring_fini) struct keyring alone = {0};
	enum status st = key_load(&given, &rotation->context->settings->reader, rotation->context->call, &alone, err);
	if (st)
		return st;
	hex_encode(rotation->id, alone.keys[0].id, KEY_ID_BYTES);
	const struct repository_key *there = keyring_find(&rotation->repo.keys, alone.keys[0].id);
	if (there == NULL)
		return STATUS_OK;
	const struct secret_source *configured = &rotation->context->settings->keys[there - rotation->repo.keys.keys];
	if (there == &rotation->repo.keys.keys[0]) {
		(void)error_set(err, STATUS_USAGE, "%s holds the key that encrypts already", rotation->path);
		return error_hint(err, STATUS_USAGE, "give the name of a new file");
	}
	if (configured->kind == given.kind && strcmp(configured->text, given.text) == 0)
		return STATUS_OK;
	return error_set(err, STATUS_USAGE, "%s holds a key that is configured already: %s %s", rotation->path,
			 configured->option, configured->text);
}

/*
 * The configuration.
 */

static enum status put_lines(const struct rotation *rotation, struct buffer *out, struct error *err)
{
	const struct config *config = rotation->context->config;
	enum status st =
	    buffer_printf(out, err, "    %s = %s\n", option_table[OPTION_ID_CIPHER_KEY_FILE].name, rotation->path);
	for (size_t i = 0; !st && i < config_key_count(config); i++) {
		struct config_key key = config_key(config, i);
		if (key.id != OPTION_ID_CIPHER_KEY_FILE || strcmp(key.value, rotation->path) != 0)
			st = buffer_printf(out, err, "    %s = %s\n", option_table[key.id].name, key.value);
	}
	return st;
}

static enum status show(const struct rotation *rotation, bool written, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer out = {0};
	const char *conf = config_path(rotation->context->config);
	enum status st = buffer_printf(&out, err, "%s holds key %s%s\n", rotation->path, rotation->id,
				       rotation->made ? ", which is new" : "");
	if (!st && rotation->newest[0] != '\0')
		st = buffer_printf(&out, err, "the present keys open the newest object, %s\n", rotation->newest);
	else if (!st)
		st = buffer_printf(&out, err, "the repository is empty\n");
	if (!st && written)
		st = buffer_printf(&out, err, "written to %s: from now on it encrypts, and all of them decrypt:\n\n",
				   conf);
	else if (!st)
		st = buffer_printf(&out, err,
				   "nothing is encrypted with it yet: the keys' lines in %s must become these, in this "
				   "order:\n\n",
				   conf == NULL ? "walship.conf" : conf);
	if (!st)
		st = put_lines(rotation, &out, err);
	if (!st)
		st = buffer_printf(
		    &out, err, "\nkeep a copy where the backups are not, and give it to every machine that fetches%s\n",
		    written ? "" : ", before that");
	return st ? st : print_text(&rotation->context->console, &out, err);
}

static enum status rotate(struct rotation *rotation, struct error *err)
{
	const struct config *config = rotation->context->config;
	bool write = command_flag(rotation->context, "write");
	if (config_number(config, OPTION_ID_CIPHER) == CIPHER_NONE)
		return error_hint(err, error_set(err, STATUS_USAGE, "cipher = none: no key encrypts"),
				  "cipher = aes-256-cbc and a cipher-key-file begin to");
	enum status st = name_key(rotation, rotation->context->operands[0], err);
	if (!st && write)
		st = config_check_put_key_first(config, rotation->path, err);
	if (!st)
		st = repository_open(&rotation->repo, rotation->context->settings, rotation->context->call, err);
	if (!st)
		st = prove_present_keys(rotation, err);
	if (!st)
		st = make_key(rotation, err);
	if (!st)
		st = check_key(rotation, err);
	if (!st && write)
		st = config_put_key_first(config, rotation->path, err);
	return st ? st : show(rotation, write, err);
}

enum status command_key_rotate(struct command_context *context, struct error *err)
{
	struct repository_settings settings;
	enum status attached = settings_repository(&settings, context, err);
	if (attached)
		return error_wrap(err, attached, "key rotate %s", context->operands[0]);
	context->settings = &settings;
	struct rotation rotation = {.context = context};
	enum status st = rotate(&rotation, err);
	repository_fini(&rotation.repo);
	return st ? error_wrap(err, st, "key rotate %s", context->operands[0]) : STATUS_OK;
}
