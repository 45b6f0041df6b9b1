#include "expire/backup_remove.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "console/measure.h"
#include "console/print.h"

/*
 * A backup whose beginning is older is not under way any more: it is the longest timeout, and clocks that are set to
 * wrong time zones differ by less.
 */
#define UNDER_WAY_S 86400

/*
 * The rules.
 */

static bool needs(const struct listed_backup *backup, const struct backup_label *label)
{
	for (size_t i = 0; i < backup->manifest.need_count; i++)
		if (strcmp(backup->manifest.needs[i].text, label->text) == 0)
			return true;
	return false;
}

static bool may_be_under_way(const struct listed_backup *backup, int64_t now_s)
{
	return !backup->complete && now_s - backup->begun_s < UNDER_WAY_S;
}

static enum status refuse_needed(const struct listed_backup *by, size_t others, struct error *err)
{
	if (others == 0)
		(void)error_set(err, STATUS_CONFLICT, "base backup %s needs it", by->label.text);
	else
		(void)error_set(err, STATUS_CONFLICT, "base backup %s and %zu more need it", by->label.text, others);
	return error_hint(err, STATUS_CONFLICT,
			  "remove the backups that need it first: walship backup list shows them");
}

static enum status check_needed(const struct backup_list *list, const struct listed_backup *backup, struct error *err)
{
	const struct listed_backup *by = NULL;
	size_t count = 0;
	for (size_t i = 0; i < list->count; i++)
		if (&list->items[i] != backup && needs(&list->items[i], &backup->label)) {
			by = by == NULL ? &list->items[i] : by;
			count++;
		}
	return count == 0 ? STATUS_OK : refuse_needed(by, count - 1, err);
}

/* A backup needs only backups that began before it. */
static enum status check_unknown(const struct backup_list *list, const struct listed_backup *backup, bool abandoned,
				 int64_t now_s, struct error *err)
{
	if (!backup->complete)
		return STATUS_OK;
	for (const struct listed_backup *other = backup + 1; other < list->items + list->count; other++) {
		if (other->complete && other->status != STATUS_OK) {
			(void)error_set(err, STATUS_CONFLICT, "base backup %s may need it, and cannot be opened: %s",
					other->label.text, other->error);
			return error_hint(err, STATUS_CONFLICT,
					  "make its manifest readable, or remove that backup first");
		}
		if (!abandoned && other->label.type != BACKUP_FULL && may_be_under_way(other, now_s)) {
			(void)error_set(err, STATUS_CONFLICT, "base backup %s, which is not finished, may need it",
					other->label.text);
			return error_hint(err, STATUS_CONFLICT,
					  "wait until that backup has ended, or give --abandoned if it has died");
		}
	}
	return STATUS_OK;
}

enum status backup_remove_check(const struct backup_list *list, const struct listed_backup *backup, bool abandoned,
				int64_t now_s, struct error *err)
{
	if (backup->pinned) {
		(void)error_set(err, STATUS_CONFLICT, "it is kept");
		return error_hint(err, STATUS_CONFLICT, "release it first: walship backup keep %s --release",
				  backup->label.text);
	}
	if (!abandoned && may_be_under_way(backup, now_s)) {
		(void)error_set(err, STATUS_CONFLICT, "it is not finished, and began less than a day ago");
		return error_hint(err, STATUS_CONFLICT, "wait until it has ended, or give --abandoned if it has died");
	}
	enum status st = check_needed(list, backup, err);
	return st ? st : check_unknown(list, backup, abandoned, now_s, err);
}

/*
 * The removal.
 */

struct removal {
	struct chosen *chosen;
	char **names; /* of the content: neither manifest nor begun */
	size_t count, capacity;
	uint64_t objects, bytes; /* found, of all parts */
	bool pinned;             /* meanwhile */
	uint64_t refused;
	struct error why; /* of the first refusal */
};

static enum status keep_name(struct removal *removal, const char *name, struct error *err)
{
	char **grown = array_grow(removal->names, removal->count, &removal->capacity, sizeof *grown);
	char *copy = grown == NULL ? NULL : strdup(name);
	if (grown != NULL)
		removal->names = grown;
	if (copy == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	removal->names[removal->count++] = copy;
	return STATUS_OK;
}

static enum status on_object(void *arg, const struct object_info *info, struct error *err)
{
	struct removal *removal = arg;
	struct backup_object object;
	if (!backup_object_parse(&object, info->name))
		return STATUS_OK;
	removal->objects++;
	removal->bytes += info->bytes;
	removal->pinned |= object.part == PART_KEEP;
	return object.part == PART_MANIFEST || object.part == PART_BEGUN ? STATUS_OK
									 : keep_name(removal, info->name, err);
}

static enum status list_objects(struct removal *removal, struct error *err)
{
	char prefix[BACKUP_OBJECT_NAME_MAX + BACKUP_LABEL_MAX];
	const struct chosen *chosen = removal->chosen;
	backup_prefix(prefix, chosen->system_id);
	(void)strcat(strcat(prefix, chosen->backup->label.text), "/");
	enum status st = store_list(chosen->repo.store, chosen->params->call, prefix, on_object, removal, err);
	if (!st && removal->pinned)
		st = error_set(err, STATUS_CONFLICT, "another call keeps it since a moment ago");
	return st;
}

static enum status on_refusal(void *arg, const struct store_refusal *refusal, struct error *err)
{
	struct removal *removal = arg;
	(void)err;
	if (removal->refused++ == 0)
		removal->why = *refusal->why;
	return STATUS_OK;
}

static enum status remove_names(struct removal *removal, const char *const *names, size_t count, struct error *err)
{
	const struct store_removal these = {names, count, on_refusal, removal};
	return store_remove_many(removal->chosen->repo.store, removal->chosen->params->call, &these, err);
}

static enum status remove_part(struct removal *removal, enum backup_part part, struct error *err)
{
	char name[BACKUP_OBJECT_NAME_MAX];
	const char *names[] = {name};
	chosen_object(name, removal->chosen, part);
	return remove_names(removal, names, 1, err);
}

static enum status remove_all(struct removal *removal, struct error *err)
{
	enum status st = removal->chosen->backup->complete ? remove_part(removal, PART_MANIFEST, err) : STATUS_OK;
	if (!st && removal->refused > 0) {
		*err = removal->why;
		(void)error_wrap(err, STATUS_UNREACHABLE, "the store refuses to remove the manifest");
		return error_hint(
		    err, STATUS_UNREACHABLE,
		    "the backup is unchanged: a policy, a lock or the owner of the directory protects it");
	}
	if (!st)
		st = remove_names(removal, (const char *const *)removal->names, removal->count, err);
	/* With "begun" the rest can be found, and removed once the store allows it. */
	return st || removal->refused > 0 ? st : remove_part(removal, PART_BEGUN, err);
}

static enum status print(const struct removal *removal, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	char size[MEASURE_MAX];
	measure_bytes(removal->bytes, size);
	enum status st = buffer_printf(&text, err, "removed base backup %s: %" PRIu64 " object%s, %s\n",
				       removal->chosen->backup->label.text, removal->objects,
				       removal->objects == 1 ? "" : "s", size);
	if (!st && removal->refused > 0)
		st = buffer_printf(&text, err,
				   "the store refused to remove %" PRIu64
				   " of them, which stay and belong to no backup: "
				   "%s\n",
				   removal->refused, removal->why.text);
	return st ? st : print_text(removal->chosen->params->console, &text, err);
}

static enum status run(struct removal *removal, bool abandoned, struct error *err)
{
	const struct chosen *chosen = removal->chosen;
	int64_t now_s = clock_utc_s(chosen->params->call->clock);
	enum status st = backup_remove_check(&chosen->list, chosen->backup, abandoned, now_s, err);
	if (!st)
		st = list_objects(removal, err);
	if (!st)
		st = remove_all(removal, err);
	return st ? st : print(removal, err);
}

enum status backup_remove(const struct chosen_params *params, bool abandoned, struct error *err)
{
	struct chosen chosen;
	struct removal removal = {.chosen = &chosen};
	enum status st = chosen_open(&chosen, params, err);
	if (!st)
		st = run(&removal, abandoned, err);
	for (size_t i = 0; i < removal.count; i++)
		free(removal.names[i]);
	free(removal.names);
	chosen_fini(&chosen);
	return st ? error_wrap(err, st, "%s", params->label) : STATUS_OK;
}
