#include "keys/key_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "catalog/header_scan.h"
#include "console/print.h"
#include "console/progress.h"
#include "text/hex.h"

#define TALLIES_MAX 128 /* keys: four times as many as can be configured */

/* Counts the objects of one key, or of one other kind. */
struct tally {
	uint64_t objects, bytes;
	char first[HEADER_SCAN_NAME_MAX], last[HEADER_SCAN_NAME_MAX]; /* in the order of names */
	int64_t oldest_s, newest_s;
};

struct key_tally {
	uint8_t id[KEY_ID_BYTES];
	struct tally of;
};

struct counting {
	const struct key_list_params *params;
	const struct repository *repo;
	struct progress progress;
	uint64_t seen;
	struct key_tally keys[TALLIES_MAX]; /* the configured keys first, in their order */
	size_t key_count;
	struct tally unencrypted, damaged, archived, foreign;
	uint64_t beyond; /* objects of keys beyond TALLIES_MAX */
};

static void add(struct tally *tally, const struct header_found *found)
{
	if (tally->objects == 0 || strcmp(found->name, tally->first) < 0)
		(void)snprintf(tally->first, sizeof tally->first, "%s", found->name);
	if (tally->objects == 0 || strcmp(found->name, tally->last) > 0)
		(void)snprintf(tally->last, sizeof tally->last, "%s", found->name);
	if (tally->objects == 0 || found->modified_s < tally->oldest_s)
		tally->oldest_s = found->modified_s;
	if (tally->objects == 0 || found->modified_s > tally->newest_s)
		tally->newest_s = found->modified_s;
	tally->objects++;
	tally->bytes += found->bytes;
}

/* NULL when there is no room for another key. */
static struct tally *tally_of_key(struct counting *counting, const uint8_t id[KEY_ID_BYTES])
{
	for (size_t i = 0; i < counting->key_count; i++)
		if (memcmp(counting->keys[i].id, id, KEY_ID_BYTES) == 0)
			return &counting->keys[i].of;
	if (counting->key_count == TALLIES_MAX)
		return NULL;
	struct key_tally *key = &counting->keys[counting->key_count++];
	memcpy(key->id, id, KEY_ID_BYTES);
	return &key->of;
}

/* Damaged objects are printed at once and not kept: there may be many. */
static enum status print_object(struct counting *counting, const char *kind, const struct header_found *found,
				struct error *err)
{
	progress_clear(&counting->progress);
	if (counting->params->json)
		return print_json(counting->params->console,
				  json_pack("{s:s, s:o, s:I, s:o, s:o}", "kind", kind, "object",
					    print_string(found->name), "bytes", (json_int_t)found->bytes, "stored_time",
					    print_time(found->modified_s), "error", print_string(found->reason)),
				  err);
	CLEANUP(buffer_fini) struct buffer out = {0};
	enum status st = buffer_printf(&out, err, "%s  %s  %s\n", kind, found->name, found->reason);
	return st ? st : print_text(counting->params->console, &out, err);
}

static enum status count(void *arg, const struct header_found *found, struct error *err)
{
	struct counting *counting = arg;
	enum status st = STATUS_OK;
	if (found->status == STATUS_DAMAGED) {
		add(&counting->damaged, found);
		st = print_object(counting, "damaged", found, err);
	} else if (found->status == STATUS_EXISTS) {
		add(&counting->archived, found);
	} else if (found->status == STATUS_CONFLICT) {
		add(&counting->foreign, found);
	} else if (!header_is_encrypted(&found->header)) {
		add(&counting->unencrypted, found);
	} else {
		struct tally *tally = tally_of_key(counting, found->header.key_id);
		if (tally != NULL)
			add(tally, found);
		counting->beyond += tally == NULL;
	}
	counting->seen++;
	if (progress_is_due(&counting->progress))
		progress_show(&counting->progress, "%" PRIu64 " objects, %zu keys", counting->seen,
			      counting->key_count);
	return st;
}

/* The keyring has the keys in the order of the settings. NULL when the key is not configured. */
static const struct secret_source *configured(const struct counting *counting, size_t index)
{
	return index < counting->repo->keys.count ? &counting->params->settings->keys[index] : NULL;
}

/* The fields of every tally; without objects its names are "" and its times 0. */
static json_t *counts(const struct tally *tally)
{
	return json_pack("{s:I, s:I, s:o, s:o, s:o, s:o}", "objects", (json_int_t)tally->objects, "bytes",
			 (json_int_t)tally->bytes, "first", print_string(tally->first), "last",
			 print_string(tally->last), "oldest_time", print_time(tally->oldest_s), "newest_time",
			 print_time(tally->newest_s));
}

/* Takes over the reference to object. */
static enum status print_tally(const struct counting *counting, json_t *object, const struct tally *tally,
			       struct error *err)
{
	json_t *more = counts(tally);
	if (object == NULL || more == NULL || json_object_update(object, more) != 0) {
		json_decref(object);
		object = NULL;
	}
	json_decref(more);
	return print_json(counting->params->console, object, err);
}

static enum status print_key_json(const struct counting *counting, size_t index, struct error *err)
{
	char id[2 * KEY_ID_BYTES + 1];
	const struct key_tally *tally = &counting->keys[index];
	const struct secret_source *key = configured(counting, index);
	bool known = key != NULL;
	hex_encode(id, tally->id, KEY_ID_BYTES);
	return print_tally(counting,
			   json_pack("{s:s, s:s, s:b, s:b, s:o, s:o}", "kind", "key", "key_id", id, "configured", known,
				     "encrypts", index == 0 && known && counting->repo->encrypt, "option",
				     print_string(known ? key->option : NULL), "value",
				     print_string(known ? key->text : NULL)),
			   &tally->of, err);
}

static enum status put_text(struct buffer *out, const struct tally *tally, struct error *err)
{
	char oldest[UTC_TEXT_SIZE], newest[UTC_TEXT_SIZE];
	utc_text(tally->oldest_s, oldest);
	utc_text(tally->newest_s, newest);
	enum status st = buffer_printf(out, err, "    %" PRIu64 " object%s, %" PRIu64 " bytes\n", tally->objects,
				       tally->objects == 1 ? "" : "s", tally->bytes);
	if (st || tally->objects == 0)
		return st;
	return buffer_printf(out, err, "    first  %s\n    last   %s\n    from   %s to %s\n", tally->first, tally->last,
			     oldest, newest);
}

static enum status print_key_text(const struct counting *counting, size_t index, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer out = {0};
	char id[2 * KEY_ID_BYTES + 1];
	const struct tally *tally = &counting->keys[index].of;
	const struct secret_source *key = configured(counting, index);
	bool encrypts = index == 0 && counting->repo->encrypt;
	hex_encode(id, counting->keys[index].id, KEY_ID_BYTES);
	enum status st;
	if (key == NULL)
		st = buffer_printf(&out, err, "key %s  is not configured\n", id);
	else
		st = buffer_printf(&out, err, "key %s  %s%s %s\n", id, encrypts ? "encrypts; " : "", key->option,
				   key->text);
	if (!st && tally->objects > 0)
		st = put_text(&out, tally, err);
	else if (!st)
		st = buffer_printf(&out, err, "    no object %sneeds it\n",
				   counting->params->prefix == NULL ? "" : "of these ");
	return st ? st : print_text(counting->params->console, &out, err);
}

static enum status print_kind(const struct counting *counting, const char *type, const char *text,
			      const struct tally *tally, struct error *err)
{
	if (tally->objects == 0)
		return STATUS_OK;
	if (counting->params->json)
		return print_tally(counting, json_pack("{s:s}", "kind", type), tally, err);
	CLEANUP(buffer_fini) struct buffer out = {0};
	enum status st = buffer_printf(&out, err, "%s\n", text);
	if (!st)
		st = put_text(&out, tally, err);
	return st ? st : print_text(counting->params->console, &out, err);
}

static int by_first_name(const void *a, const void *b)
{
	return strcmp(((const struct key_tally *)a)->of.first, ((const struct key_tally *)b)->of.first);
}

static enum status print_all(struct counting *counting, struct error *err)
{
	enum status st = STATUS_OK;
	size_t known = counting->repo->keys.count;
	qsort(counting->keys + known, counting->key_count - known, sizeof counting->keys[0], by_first_name);
	for (size_t i = 0; !st && i < counting->key_count; i++)
		st = counting->params->json ? print_key_json(counting, i, err) : print_key_text(counting, i, err);
	if (!st)
		st = print_kind(counting, "unencrypted_total", "not encrypted", &counting->unencrypted, err);
	if (!st)
		st = print_kind(counting, "archived_total", "not read: in an archive storage class",
				&counting->archived, err);
	if (!st)
		st = print_kind(counting, "damaged_total", "damaged headers, listed above", &counting->damaged, err);
	return st ? st : print_kind(counting, "foreign_total", "other names, not walship's", &counting->foreign, err);
}

/* The outcome: whether an object needs a key that is not configured, or has a damaged header. */
static enum status judge(const struct counting *counting, struct error *err)
{
	uint64_t unknown = counting->beyond;
	for (size_t i = counting->repo->keys.count; i < counting->key_count; i++)
		unknown += counting->keys[i].of.objects;
	if (unknown > 0) {
		(void)error_set(err, STATUS_DAMAGED, "%" PRIu64 " object%s a key that is not configured%s", unknown,
				unknown == 1 ? " needs" : "s need",
				counting->beyond > 0 ? ", and not all of these keys are shown" : "");
		return error_hint(err, STATUS_DAMAGED,
				  "add a copy of each key as a further cipher-key-file (or cipher-key-command)");
	}
	if (counting->damaged.objects == 0)
		return STATUS_OK;
	(void)error_set(err, STATUS_DAMAGED, "damaged headers: %" PRIu64, counting->damaged.objects);
	return error_hint(err, STATUS_DAMAGED, "look for other copies of these objects");
}

/* "7601921254259666965" means that cluster, not another cluster whose identifier begins with these digits. */
static enum status prefix_of(const char *operand, struct buffer *out, struct error *err)
{
	bool digits = operand != NULL && operand[strspn(operand, "0123456789")] == '\0';
	return operand == NULL ? STATUS_OK : buffer_printf(out, err, "%s%s", operand, digits ? "/" : "");
}

static enum status list(struct counting *counting, struct repository *repo, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer prefix = {0};
	enum status st = repository_open(repo, counting->params->settings, counting->params->call, err);
	if (!st)
		st = prefix_of(counting->params->prefix, &prefix, err);
	if (st)
		return st;
	for (size_t i = 0; i < repo->keys.count; i++)
		memcpy(counting->keys[i].id, repo->keys.keys[i].id, KEY_ID_BYTES);
	counting->key_count = repo->keys.count;
	counting->repo = repo;
	st = header_scan(counting->params->call, repo, buffer_text(&prefix), count, counting, err);
	progress_clear(&counting->progress);
	if (!st)
		st = print_all(counting, err);
	return st ? st : judge(counting, err);
}

enum status key_list_run(const struct key_list_params *params, struct error *err)
{
	CLEANUP(repository_fini) struct repository repo = {0};
	CLEANUP(freep) struct counting *counting = calloc(1, sizeof *counting);
	if (counting == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	counting->params = params;
	progress_begin(&counting->progress, params->console->terminal_fd, params->call->clock);
	return list(counting, &repo, err);
}
