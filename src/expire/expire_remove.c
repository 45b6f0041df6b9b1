/* The removal of base backups, with a last look at what happened since they were listed. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "expire/expiry.h"
#include "expire/wal_note.h"

/*
 * New backups.
 */

struct new_labels {
	const struct backup_list *list;
	size_t prefix_len;
	struct backup_label *items;
	size_t count, capacity;
};

static enum status on_label(void *arg, const struct object_info *info, struct error *err)
{
	struct new_labels *labels = arg;
	struct backup_label label;
	char text[BACKUP_LABEL_MAX];
	if (!info->directory || !label_of_directory(text, info->name + labels->prefix_len) ||
	    !backup_label_parse(&label, text) || backup_list_find(labels->list, &label) != NULL)
		return STATUS_OK;
	struct backup_label *grown = array_grow(labels->items, labels->count, &labels->capacity, sizeof *grown);
	if (grown == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	labels->items = grown;
	grown[labels->count++] = label;
	return STATUS_OK;
}

static enum status has_part(const struct expiry *expiry, const struct backup_label *label, enum backup_part part,
			    bool *has, struct error *err)
{
	char name[BACKUP_OBJECT_NAME_MAX];
	struct object_info info;
	const struct call step = call_step(expiry->params->call);
	backup_object_name(name, expiry->system_id, label, part, 0);
	enum status st = store_stat(expiry->repo.store, &step, name, &info, err);
	*has = !st;
	return st == STATUS_MISSING ? STATUS_OK : st;
}

/* In a directory, removed backups leave their labels as empty directories. */
enum status expiry_look_for_new(struct expiry *expiry, struct error *err)
{
	char prefix[BACKUP_OBJECT_NAME_MAX];
	struct new_labels labels = {.list = &expiry->list};
	backup_prefix(prefix, expiry->system_id);
	labels.prefix_len = strlen(prefix);
	enum status st = store_list_level(expiry->repo.store, expiry->params->call, prefix, on_label, &labels, err);
	for (size_t i = 0; !st && !expiry->disturbed && i < labels.count; i++)
		st = has_part(expiry, &labels.items[i], PART_BEGUN, &expiry->disturbed, err);
	free(labels.items);
	return st;
}

/*
 * Manifests.
 */

static void keep(struct expiry *expiry, size_t i, enum reason reason)
{
	expiry->verdicts[i].reasons |= reason_bit(reason);
	retention_keep_needed(&expiry->list, expiry->unfinished, expiry->verdicts);
}

static enum status remove_manifest(struct expiry *expiry, size_t i, struct error *err)
{
	const struct backup_label *label = &expiry->list.items[i].label;
	bool pinned, refused;
	enum status st = has_part(expiry, label, PART_KEEP, &pinned, err);
	if (!st)
		st = expiry_look_for_new(expiry, err);
	if (st || expiry->disturbed)
		return st;
	if (pinned)
		return keep(expiry, i, REASON_PINNED), STATUS_OK;
	if (!expiry->wal_is_due)
		wal_note_put(expiry->params->settings, expiry->system_id, label);
	st = removal_part(&expiry->removal, label, PART_MANIFEST, &refused, err);
	if (!st && refused)
		return keep(expiry, i, REASON_REFUSED), STATUS_OK;
	if (!st) {
		expiry->removed[i] = true;
		expiry->wal_is_due = true;
		expiry->backups++;
	}
	return st;
}

/* From the newest on: no backup is left without one that it needs. */
static enum status remove_manifests(struct expiry *expiry, struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = expiry->list.count; !st && !expiry->disturbed && i-- > 0;)
		if (expiry->verdicts[i].reasons == 0 && expiry->list.items[i].complete)
			st = remove_manifest(expiry, i, err);
	if (!st && expiry->disturbed)
		log_line(expiry->params->call->log, LEVEL_WARNING,
			 "a base backup began meanwhile and may need the others: they stay until the next run");
	return st;
}

/*
 * Content.
 */

/* A backup that ended after all has a manifest now, and stays. */
static enum status remove_leftover(struct expiry *expiry, size_t i, struct error *err)
{
	const struct backup_label *label = &expiry->list.items[i].label;
	bool complete;
	enum status st = has_part(expiry, label, PART_MANIFEST, &complete, err);
	if (st || complete) {
		expiry->disturbed |= complete;
		return st;
	}
	expiry->leftovers++;
	return removal_content(&expiry->removal, label, err);
}

enum status expiry_remove(struct expiry *expiry, struct error *err)
{
	enum status st = remove_manifests(expiry, err);
	for (size_t i = 0; !st && i < expiry->list.count; i++) {
		if (expiry->removed[i])
			st = removal_content(&expiry->removal, &expiry->list.items[i].label, err);
		else if (!expiry->list.items[i].complete && expiry->verdicts[i].reasons == 0)
			st = remove_leftover(expiry, i, err);
	}
	return st;
}
