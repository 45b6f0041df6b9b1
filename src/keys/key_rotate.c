#include "keys/key_rotate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "catalog/label.h"
#include "console/print.h"
#include "console/progress.h"
#include "format/unseal.h"
#include "keys/key_file.h"
#include "repo/key_load.h"
#include "repo/secret_source.h"
#include "stream/terminal_sink.h"
#include "text/hex.h"

#define TRIES_MAX 3 /* to open the newest object, while each one is removed before it is read */
#define KEY_FILE_OPTION "cipher-key-file"

/* Proof that the present keys are the right ones. */
struct proof {
	struct key_rotation *rotation;
	const struct repository *repo;
	struct progress progress;
	int64_t newest_s; /* of rotation->newest */
	uint64_t objects;
};

/*
 * The newest object.
 */

/* The frames of a pack are opened one by one, by an index. */
static bool is_opened_whole(const char *name)
{
	struct backup_object backup;
	return header_scan_is_own(name) && !(backup_object_parse(&backup, name) && backup.part == PART_DATA);
}

static enum status remember_newest(void *arg, const struct object_info *info, struct error *err)
{
	struct proof *proof = arg;
	struct key_rotation *rotation = proof->rotation;
	(void)err;
	proof->objects++;
	if (progress_is_due(&proof->progress))
		progress_show(&proof->progress, "looking for the newest of %" PRIu64 " objects", proof->objects);
	/* Of the objects stored in the same second, the last by name. */
	if (!is_opened_whole(info->name) || (rotation->newest[0] != '\0' && info->modified_s < proof->newest_s))
		return STATUS_OK;
	proof->newest_s = info->modified_s;
	(void)snprintf(rotation->newest, sizeof rotation->newest, "%s", info->name);
	return STATUS_OK;
}

/* Replaces the hint on a damaged object: a missing key has a remedy, and so has damage. Other causes keep their own. */
static void advise(const struct proof *proof, struct error *err)
{
	uint8_t bytes[HEADER_BYTES];
	size_t len = sizeof bytes;
	struct object_header header;
	bool newer;
	struct error why = {0};
	const struct call step = call_step(proof->rotation->call);
	if (store_read_first(proof->repo->store, &step, proof->rotation->newest, bytes, &len, &why) != STATUS_OK)
		return;
	enum status st = header_read(&header, bytes, len, &newer, &why);
	bool no_key = !st && header_is_encrypted(&header) && keyring_find(&proof->repo->keys, header.key_id) == NULL;
	if (newer || (!st && !header_is_encrypted(&header)))
		return;
	err->hint[0] = '\0';
	(void)error_hint(
	    err, STATUS_DAMAGED,
	    no_key ? "add that key's copy as a further cipher-key-file (or cipher-key-command) first; walship "
		     "key list shows which keys the repository needs"
		   : "no key can open it: the object is damaged, or not walship's. Archive a newer segment (select "
		     "pg_switch_wal()), then rotate; walship verify --read finds other damaged objects");
}

static enum status cannot_open(const struct proof *proof, enum status st, struct error *err)
{
	if (st == STATUS_DAMAGED)
		advise(proof, err);
	(void)error_hint(err, st, "no key is changed until the present keys open the newest object");
	return error_wrap(err, st, "the newest object, %s, cannot be opened", proof->rotation->newest);
}

/* Reads the object up to its tag: only the right key verifies it. STATUS_MISSING. */
static enum status open_newest(const struct proof *proof, struct error *err)
{
	const char *object = proof->rotation->newest;
	struct sink end = terminal_sink_null();
	struct sink *chain = &end;
	struct unseal_params params = {.keys = &proof->repo->keys, .name = object};
	const struct call step = call_step(proof->rotation->call);
	enum status st = unseal_new(&chain, &params, err);
	if (!st)
		st = store_read(proof->repo->store, &step, object, chain, err);
	if (!st)
		st = sink_finish(chain, err);
	sink_free(chain);
	return !st || st == STATUS_MISSING ? st : cannot_open(proof, st, err);
}

static enum status find_and_open_newest(struct proof *proof, const char *prefix, struct error *err)
{
	struct key_rotation *rotation = proof->rotation;
	rotation->newest[0] = '\0';
	proof->objects = 0;
	enum status st = store_list(proof->repo->store, rotation->call, prefix, remember_newest, proof, err);
	progress_clear(&proof->progress);
	if (st)
		return error_hint(
		    err, st,
		    "key rotate lists the repository to find its newest object; without the right to list, make a key "
		    "with walship keygen and add its line as doc/keys.md says");
	return rotation->newest[0] == '\0' ? STATUS_OK : open_newest(proof, err);
}

/* Only objects of this cluster count, if it is known: another cluster in the repository may have other keys. */
static enum status prove_present_keys(struct key_rotation *rotation, const struct repository *repo, struct error *err)
{
	struct proof proof = {.rotation = rotation, .repo = repo};
	struct data_directory directory;
	uint64_t system_id;
	char prefix[32] = "";
	enum status st = cluster_id_find(&rotation->cluster, NULL, &directory, &system_id, err);
	if (st)
		return st;
	if (system_id != 0)
		(void)snprintf(prefix, sizeof prefix, "%" PRIu64 "/", system_id);
	progress_begin(&proof.progress, rotation->console->terminal_fd, rotation->call->clock);
	st = find_and_open_newest(&proof, prefix, err);
	/* A lifecycle rule may have removed the object since the listing: then another object is the newest. */
	for (int i = 1; st == STATUS_MISSING && i < TRIES_MAX; i++)
		st = find_and_open_newest(&proof, prefix, err);
	return st == STATUS_MISSING ? cannot_open(&proof, STATUS_UNREACHABLE, err) : st;
}

/*
 * The key.
 */

/* Resolves the directory and appends the name: the file itself may not be there yet. */
static enum status find_path(struct key_rotation *rotation, const char *operand, struct error *err)
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

enum status key_rotation_begin(struct key_rotation *rotation, const char *operand, struct error *err)
{
	if (!rotation->settings->encrypt)
		return error_hint(err, error_set(err, STATUS_USAGE, "cipher = none: no key encrypts"),
				  "to encrypt from now on, set cipher = aes-256-cbc and a cipher-key-file");
	return find_path(rotation, operand, err);
}

/* The new key gets owner and mode of the key that encrypts now, which PostgreSQL's user can read. */
static const struct stat *find_model(const struct repository_settings *settings, struct stat *out)
{
	if (settings->keys[0].kind != SECRET_FILE || stat(settings->keys[0].text, out) != 0)
		return NULL;
	/* The mode of a container's secret may not let its owner write. */
	if ((out->st_mode & 0600) == 0)
		out->st_mode |= 0600;
	return out;
}

static enum status make_key(struct key_rotation *rotation, struct error *err)
{
	struct stat like;
	if (access(rotation->path, F_OK) == 0)
		return STATUS_OK;
	enum status st = key_file_make(rotation->call, rotation->path, find_model(rotation->settings, &like), err);
	rotation->made = st == STATUS_OK;
	return st;
}

/* The new key may be configured already only from this very file, and behind the first key. */
static enum status check_key(struct key_rotation *rotation, const struct keyring *present, struct error *err)
{
	const struct secret_source file = {SECRET_FILE, KEY_FILE_OPTION, rotation->path};
	CLEANUP(keyring_fini) struct keyring ring = {0};
	enum status st = key_load(&file, &rotation->settings->reader, rotation->call, &ring, err);
	if (st)
		return st;
	hex_encode(rotation->id, ring.keys[0].id, KEY_ID_BYTES);
	const struct repository_key *same = keyring_find(present, ring.keys[0].id);
	if (same == NULL)
		return STATUS_OK;
	if (same == &present->keys[0]) {
		(void)error_set(err, STATUS_USAGE, "%s holds the key that encrypts already", rotation->path);
		return error_hint(err, STATUS_USAGE, "give the name of a new file");
	}
	const struct secret_source *configured = &rotation->settings->keys[same - present->keys];
	if (configured->kind == file.kind && strcmp(configured->text, file.text) == 0)
		return STATUS_OK;
	return error_set(err, STATUS_USAGE, "%s holds a key that is configured already: %s %s", rotation->path,
			 configured->option, configured->text);
}

enum status key_rotation_make(struct key_rotation *rotation, struct error *err)
{
	CLEANUP(repository_fini) struct repository repo = {0};
	enum status st = repository_open(&repo, rotation->settings, rotation->call, err);
	if (!st)
		st = prove_present_keys(rotation, &repo, err);
	if (!st)
		st = make_key(rotation, err);
	return st ? st : check_key(rotation, &repo.keys, err);
}

/*
 * The result.
 */

static enum status put_lines(const struct key_rotation *rotation, struct buffer *out, struct error *err)
{
	const struct repository_settings *settings = rotation->settings;
	enum status st = buffer_printf(out, err, "    %s = %s\n", KEY_FILE_OPTION, rotation->path);
	for (size_t i = 0; !st && i < settings->key_count; i++) {
		const struct secret_source *key = &settings->keys[i];
		if (key->kind != SECRET_FILE || strcmp(key->text, rotation->path) != 0)
			st = buffer_printf(out, err, "    %s = %s\n", key->option, key->text);
	}
	return st;
}

static enum status put_proof(const struct key_rotation *rotation, struct buffer *out, struct error *err)
{
	enum status st = buffer_printf(out, err, "%s holds key %s%s\n", rotation->path, rotation->id,
				       rotation->made ? ", which is new" : "");
	if (!st && rotation->newest[0] != '\0')
		return buffer_printf(out, err, "the present keys open the newest object, %s\n", rotation->newest);
	return st ? st : buffer_printf(out, err, "the repository is empty\n");
}

enum status key_rotation_print(const struct key_rotation *rotation, const char *conf, bool written, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer out = {0};
	enum status st = put_proof(rotation, &out, err);
	if (!st && written)
		st = buffer_printf(&out, err,
				   "written to %s: the first key encrypts from now on, all keys decrypt:\n\n", conf);
	else if (!st)
		st = buffer_printf(&out, err,
				   "the new key encrypts nothing yet: replace the key lines in %s with these lines, in "
				   "this order:\n\n",
				   conf == NULL ? "walship.conf" : conf);
	if (!st)
		st = put_lines(rotation, &out, err);
	if (!st)
		st = buffer_printf(
		    &out, err,
		    "\n%skeep a copy where the backups are not, and copy the key to every machine that fetches\n",
		    written ? "" : "before you do: ");
	return st ? st : print_text(rotation->console, &out, err);
}
