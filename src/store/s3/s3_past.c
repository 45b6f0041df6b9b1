/*
 * The store as it was just before a time, in a bucket that keeps versions. The version that was the newest at that time
 * is the object, unless the version is a delete marker (Amazon S3 user guide, "Retrieving object versions"). Every
 * access to one object lists its versions first. Nothing is copied or brought back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/s3/s3_id_list.h"

/* The version of one key that was the newest at that time. */
struct version_then {
	struct s3 *s3;
	char key[S3_KEY_MAX + 1];
	bool found; /* the version exists and is not a delete marker */
	char id[S3_ID_MAX + 1];
};

/* Versions come from the newest to the oldest. A longer key with the same beginning follows this key. */
static enum status take_version(void *arg, const struct s3_id_entry *version, struct error *err)
{
	struct version_then *then = arg;
	bool same = strcmp(version->key, then->key) == 0;
	if (same && version->modified_s >= then->s3->at_s)
		return STATUS_OK;
	then->found = same && !version->marker;
	(void)snprintf(then->id, sizeof then->id, "%s", version->id);
	return error_set(err, STATUS_EXISTS, "enough");
}

/* STATUS_MISSING: the object was not there. */
static enum status find(struct version_then *then, struct s3 *s3, const struct call *call, const char *name,
			struct error *err)
{
	struct s3_reply reply;
	const struct s3_id_listing listing = {S3_VERSIONS, name, take_version, then};
	*then = (struct version_then){.s3 = s3};
	enum status st = s3_key(s3, name, then->key, err);
	if (st)
		return st;
	st = s3_id_list(s3, call, &listing, &reply, err);
	if (st && st != STATUS_EXISTS)
		return st;
	*err = (struct error){0};
	return then->found ? STATUS_OK : error_set(err, STATUS_MISSING, "no such object at that time (s3-at-time)");
}

static enum status past_read(struct store *store, const struct call *call, const char *name, struct sink *into,
			     struct error *err)
{
	struct version_then then;
	enum status st = find(&then, (struct s3 *)store, call, name, err);
	return st ? st : s3_read_version(then.s3, call, then.key, then.id, into, err);
}

static enum status past_read_ranges(struct store *store, const struct call *call, const char *name,
				    const struct store_ranges *ranges, struct error *err)
{
	struct version_then then;
	enum status st = find(&then, (struct s3 *)store, call, name, err);
	return st ? st : s3_read_version_ranges(then.s3, call, then.key, then.id, ranges, err);
}

static enum status past_stat(struct store *store, const struct call *call, const char *name, struct object_info *out,
			     struct error *err)
{
	struct version_then then;
	enum status st = find(&then, (struct s3 *)store, call, name, err);
	if (st)
		return st;
	st = s3_look_at(then.s3, call, then.key, then.id, out, err);
	out->name = name;
	return st ? s3_wrap(then.s3, "look at", then.key, st, err) : STATUS_OK;
}

static enum status past_thaw(struct store *store, const struct call *call, const char *name,
			     const struct store_thaw *thaw, struct error *err)
{
	struct version_then then;
	enum status st = find(&then, (struct s3 *)store, call, name, err);
	return st ? st : s3_thaw_version(then.s3, call, then.key, then.id, thaw, err);
}

struct past_listing {
	const struct s3 *s3;
	size_t skip;              /* bytes of a key before the name */
	char key[S3_KEY_MAX + 1]; /* the current one; "": none yet */
	bool decided;             /* the version of that time has been seen */
	store_list_fn each;
	void *arg;
};

static enum status list_version(void *arg, const struct s3_id_entry *version, struct error *err)
{
	struct past_listing *listing = arg;
	if (strcmp(version->key, listing->key) != 0) {
		(void)snprintf(listing->key, sizeof listing->key, "%s", version->key);
		listing->decided = false;
	}
	if (listing->decided || version->modified_s >= listing->s3->at_s)
		return STATUS_OK;
	listing->decided = true;
	/* S3 consoles create an empty object named as a directory, to represent it. */
	if (version->marker || version->key[listing->skip] == '\0')
		return STATUS_OK;
	const struct object_info info = {.name = version->key + listing->skip,
					 .bytes = version->bytes,
					 .modified_s = version->modified_s,
					 .archived = version->archive_class != NULL,
					 .archive_class = version->archive_class};
	return listing->each(listing->arg, &info, err);
}

static enum status past_list(struct store *store, const struct call *call, const char *prefix, store_list_fn each,
			     void *arg, struct error *err)
{
	struct s3 *s3 = (struct s3 *)store;
	struct past_listing listing = {.s3 = s3, .skip = s3_key_skip(s3), .each = each, .arg = arg};
	struct s3_reply reply;
	return s3_id_list(s3, call, &(struct s3_id_listing){S3_VERSIONS, prefix, list_version, &listing}, &reply, err);
}

/*
 * Changes.
 */

static enum status refuse_change(struct error *err)
{
	(void)error_set(err, STATUS_USAGE, "s3-at-time is set: the repository is read-only");
	return error_hint(err, STATUS_USAGE, "call walship without s3-at-time");
}

static enum status past_create(struct store *store, const struct call *call, const char *name, struct sink **out,
			       struct error *err)
{
	(void)store, (void)call, (void)name, (void)out;
	return refuse_change(err);
}

static enum status past_remove(struct store *store, const struct call *call, const struct store_removal *removal,
			       struct error *err)
{
	(void)store, (void)call, (void)removal;
	return refuse_change(err);
}

static enum status past_undelete(struct store *store, const struct call *call,
				 const struct store_undeletion *undeletion, struct error *err)
{
	(void)store, (void)call, (void)undeletion;
	return refuse_change(err);
}

const struct store_ops s3_past_ops = {
    .abilities =
	STORE_CREATES_ONCE | STORE_PROVES_RANGES | STORE_REMOVES_MANY | STORE_REACHES | STORE_UNDELETES | STORE_THAWS,
    .create = past_create,
    .read = past_read,
    .read_ranges = past_read_ranges,
    .stat = past_stat,
    .list = past_list,
    .remove = past_remove,
    .reach = s3_reach,
    .undelete = past_undelete,
    .thaw = past_thaw,
    .free = s3_free,
};
