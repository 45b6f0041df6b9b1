/*
 * Brings deleted objects back in a bucket that keeps versions: a DELETE of the delete marker itself, by its version id
 * (Amazon S3 user guide, "Removing delete markers to make an older version current").
 *
 * Memory does not depend on the number of versions: of each key the markers above the newest version are kept, and the
 * facts that decide.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/s3/s3_id_list.h"

/* Each deletion of a deleted object adds a marker: by tools that are run again and again. */
#define MARKERS_MAX 64

struct undelete {
	struct s3 *s3;
	const struct call *call;
	const struct store_undeletion *undeletion;
	size_t skip; /* bytes of a key before the name */
	/* The current key. */
	char key[S3_KEY_MAX + 1];
	char markers[MARKERS_MAX][S3_ID_MAX + 1]; /* above the newest version, from the newest on */
	size_t marker_count;                      /* may exceed MARKERS_MAX */
	int64_t deleted_s;                        /* of the newest marker */
	int64_t first_deleted_s;                  /* of the oldest marker above the newest version */
	bool has_version;
	uint64_t bytes; /* of the newest version */
	int64_t modified_s;
	bool has_then; /* below the newest version there is an entry from before before_s; then: is it a version? */
	bool then;
};

static enum status remove_markers(struct undelete *undelete, struct error *err)
{
	if (undelete->marker_count > MARKERS_MAX) {
		(void)error_set(err, STATUS_UNREACHABLE,
				"the object was deleted %zu times, and %d deletions can be undone",
				undelete->marker_count, MARKERS_MAX);
		return s3_wrap(undelete->s3, "bring back", undelete->key, STATUS_UNREACHABLE, err);
	}
	for (size_t i = 0; i < undelete->marker_count; i++) {
		struct s3_reply reply;
		const struct call step = call_step(undelete->call);
		enum status st = s3_exchange(
		    undelete->s3, &step,
		    &(struct s3_request){.method = "DELETE", .key = undelete->key, .version = undelete->markers[i]},
		    &reply, err);
		if (st)
			return s3_wrap(undelete->s3, "remove the delete marker of", undelete->key, st, err);
	}
	return STATUS_OK;
}

/* Whether the object was there just before before_s, and what became of it. False: nothing is to be done. */
static bool judge(const struct undelete *undelete, bool *replaced)
{
	int64_t before_s = undelete->undeletion->before_s;
	bool deleted = undelete->marker_count > 0;
	*replaced = false;
	if (!undelete->has_version)
		return false;
	if (before_s == 0)
		return deleted;
	if (deleted && undelete->first_deleted_s < before_s)
		return false;
	if (undelete->modified_s < before_s)
		return deleted;
	*replaced = undelete->has_then && undelete->then;
	return *replaced;
}

/* All versions of the current key are known. */
static enum status end_key(struct undelete *undelete, struct error *err)
{
	bool undo = false;
	struct store_deletion deletion = {.name = undelete->key + undelete->skip,
					  .bytes = undelete->bytes,
					  .modified_s = undelete->modified_s,
					  .deleted_s = undelete->deleted_s};
	if (undelete->key[0] == '\0' || !judge(undelete, &deletion.replaced))
		return STATUS_OK;
	if (deletion.replaced)
		deletion.deleted_s = 0;
	enum status st = undelete->undeletion->each(undelete->undeletion->arg, &deletion, &undo, err);
	return st || !undo || deletion.replaced ? st : remove_markers(undelete, err);
}

static void begin_key(struct undelete *undelete, const char *key)
{
	(void)snprintf(undelete->key, sizeof undelete->key, "%s", key);
	undelete->marker_count = 0;
	undelete->has_version = undelete->has_then = undelete->then = false;
}

static void note_marker(struct undelete *undelete, const struct s3_id_entry *version)
{
	if (undelete->marker_count == 0)
		undelete->deleted_s = version->modified_s;
	undelete->first_deleted_s = version->modified_s;
	if (undelete->marker_count < MARKERS_MAX)
		(void)snprintf(undelete->markers[undelete->marker_count], sizeof undelete->markers[0], "%s",
			       version->id);
	undelete->marker_count++;
}

static enum status note(void *arg, const struct s3_id_entry *version, struct error *err)
{
	struct undelete *undelete = arg;
	enum status st = STATUS_OK;
	if (strcmp(version->key, undelete->key) != 0) {
		st = end_key(undelete, err);
		begin_key(undelete, version->key);
	}
	if (undelete->has_version) {
		if (!undelete->has_then && version->modified_s < undelete->undeletion->before_s) {
			undelete->has_then = true;
			undelete->then = !version->marker;
		}
	} else if (version->marker) {
		note_marker(undelete, version);
	} else {
		undelete->has_version = true;
		undelete->bytes = version->bytes;
		undelete->modified_s = version->modified_s;
	}
	return st;
}

enum status s3_undelete(struct store *store, const struct call *call, const struct store_undeletion *undeletion,
			struct error *err)
{
	struct s3 *s3 = (struct s3 *)store;
	struct s3_reply reply;
	struct undelete *undelete = calloc(1, sizeof *undelete);
	if (undelete == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	undelete->s3 = s3;
	undelete->call = call;
	undelete->undeletion = undeletion;
	undelete->skip = s3_key_skip(s3);
	const struct s3_id_listing listing = {S3_VERSIONS, undeletion->prefix, note, undelete};
	enum status st = s3_id_list(s3, call, &listing, &reply, err);
	if (!st)
		st = end_key(undelete, err);
	free(undelete);
	return st;
}
