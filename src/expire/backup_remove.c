#include "expire/backup_remove.h"

#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "console/measure.h"
#include "console/print.h"
#include "expire/removal.h"
#include "expire/wal_note.h"

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
		(void)error_set(err, STATUS_CONFLICT, "base backup %s needs this one", by->label.text);
	else
		(void)error_set(err, STATUS_CONFLICT, "base backup %s and %zu more need this one", by->label.text,
				others);
	return error_hint(err, STATUS_CONFLICT,
			  "remove the backups that need this one first: walship backup list shows them");
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
			(void)error_set(err, STATUS_CONFLICT,
					"base backup %s may need this one, and cannot be opened: %s", other->label.text,
					other->error);
			return error_hint(err, STATUS_CONFLICT,
					  "make its manifest readable, or remove that backup first");
		}
		if (!abandoned && other->label.type != BACKUP_FULL && may_be_under_way(other, now_s)) {
			(void)error_set(err, STATUS_CONFLICT,
					"base backup %s, which is not finished, may need this one", other->label.text);
			return error_hint(err, STATUS_CONFLICT,
					  "wait until that backup has ended, or give --abandoned if it was killed");
		}
	}
	return STATUS_OK;
}

enum status backup_remove_check(const struct backup_list *list, const struct listed_backup *backup, bool abandoned,
				int64_t now_s, struct error *err)
{
	if (backup->pinned) {
		(void)error_set(err, STATUS_CONFLICT, "this backup is kept");
		return error_hint(err, STATUS_CONFLICT, "release it first: walship backup keep %s --release",
				  backup->label.text);
	}
	if (!abandoned && may_be_under_way(backup, now_s)) {
		(void)error_set(err, STATUS_CONFLICT, "this backup is not finished, and began less than a day ago");
		return error_hint(err, STATUS_CONFLICT,
				  "wait until it has ended, or give --abandoned if it was killed");
	}
	enum status st = check_needed(list, backup, err);
	return st ? st : check_unknown(list, backup, abandoned, now_s, err);
}

/*
 * The removal.
 */

/* Another call may have pinned it since the list was read. */
static enum status check_pin(const struct chosen *chosen, struct error *err)
{
	char name[BACKUP_OBJECT_NAME_MAX];
	struct object_info info;
	const struct call step = call_step(chosen->params->call);
	chosen_object(name, chosen, PART_KEEP);
	enum status st = store_stat(chosen->repo.store, &step, name, &info, err);
	if (!st)
		return error_set(err, STATUS_CONFLICT, "another call has just protected it with backup keep");
	return st == STATUS_MISSING ? STATUS_OK : st;
}

static enum status remove_manifest(struct removal *removal, const struct listed_backup *backup, struct error *err)
{
	bool refused;
	enum status st = removal_part(removal, &backup->label, PART_MANIFEST, &refused, err);
	if (st || !refused)
		return st;
	*err = removal->why;
	(void)error_wrap(err, STATUS_UNREACHABLE, "the store refuses to remove the manifest");
	return error_hint(err, STATUS_UNREACHABLE,
			  "the backup is unchanged: a policy, a lock or the owner of the directory protects it");
}

static enum status print(const struct removal *removal, const struct chosen *chosen, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	char size[MEASURE_MAX];
	measure_bytes(removal->bytes, size);
	enum status st =
	    buffer_printf(&text, err, "removed base backup %s: %" PRIu64 " object%s, %s\n", chosen->backup->label.text,
			  removal->objects, removal->objects == 1 ? "" : "s", size);
	if (!st && removal->refused > 0)
		st = buffer_printf(&text, err,
				   "the store refused to remove %" PRIu64
				   " of them, which stay and belong to no backup: "
				   "%s\n",
				   removal->refused, removal->why.text);
	return st ? st : print_text(chosen->params->console, &text, err);
}

static enum status remove_all(struct removal *removal, const struct chosen *chosen, struct error *err)
{
	const struct listed_backup *backup = chosen->backup;
	char name[BACKUP_OBJECT_NAME_MAX];
	struct object_info manifest = {0};
	const struct call step = call_step(chosen->params->call);
	enum status st = STATUS_OK;
	chosen_object(name, chosen, PART_MANIFEST);
	if (backup->complete)
		st = store_stat(chosen->repo.store, &step, name, &manifest, err);
	if (st == STATUS_MISSING)
		st = STATUS_OK;
	if (!st && backup->complete)
		wal_note_put(chosen->params->settings, chosen->system_id, &backup->label);
	if (!st && backup->complete)
		st = remove_manifest(removal, backup, err);
	removal->objects += backup->complete;
	removal->bytes += manifest.bytes;
	if (!st)
		st = removal_content(removal, &backup->label, err);
	return st ? st : print(removal, chosen, err);
}

static enum status run(const struct chosen *chosen, bool abandoned, struct error *err)
{
	struct repository removes = {0};
	struct removal removal = {
	    .lists = &chosen->repo, .removes = &removes, .call = chosen->params->call, .system_id = chosen->system_id};
	int64_t now_s = clock_utc_s(chosen->params->call->clock);
	enum status st = backup_remove_check(&chosen->list, chosen->backup, abandoned, now_s, err);
	if (!st)
		st = repository_join(&removes, &chosen->repo, err);
	if (!st)
		st = check_pin(chosen, err);
	if (!st)
		st = remove_all(&removal, chosen, err);
	removal_fini(&removal);
	repository_fini(&removes);
	return st;
}

enum status backup_remove(const struct chosen_params *params, bool abandoned, struct error *err)
{
	struct chosen chosen;
	enum status st = chosen_open(&chosen, params, err);
	if (!st)
		st = run(&chosen, abandoned, err);
	chosen_fini(&chosen);
	return st ? error_wrap(err, st, "%s", params->label) : STATUS_OK;
}
