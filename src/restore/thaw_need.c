#include "restore/thaw_need.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/path.h"

enum status thaw_names_add(struct thaw_names *names, const char *name, struct error *err)
{
	char **grown = array_grow(names->items, names->count, &names->capacity, sizeof *grown);
	char *copy = grown == NULL ? NULL : strdup(name);
	if (grown != NULL)
		names->items = grown;
	if (copy == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	names->items[names->count++] = copy;
	return STATUS_OK;
}

void thaw_names_fini(struct thaw_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
	*names = (struct thaw_names){0};
}

struct walk {
	const struct thaw_need *need;
	bool exact;
	store_list_fn each;
	void *arg;
	uint32_t backup; /* being listed: 0, or its number in manifest->needs */
};

static enum status look(struct walk *walk, const char *name, struct error *err)
{
	const struct thaw_need *need = walk->need;
	struct object_info info;
	struct call step = call_step(need->call);
	enum status st = store_stat(need->looks->store, &step, name, &info, err);
	if (st == STATUS_MISSING || (!st && !info.archived))
		return STATUS_OK;
	return st ? st : walk->each(walk->arg, &info, err);
}

/* An object of a listing. */
static enum status take(struct walk *walk, const struct object_info *info, struct error *err)
{
	if (!info->archived)
		return STATUS_OK;
	return walk->exact && !info->thawing ? look(walk, info->name, err) : walk->each(walk->arg, info, err);
}

static bool needs_part(const struct walk *walk, const struct backup_object *object)
{
	const struct thaw_need *need = walk->need;
	if (object->part == PART_DATA)
		return need->table->count == 0 || pack_table_find(need->table, walk->backup, object->number) != NULL;
	if (walk->backup != 0 || object->part == PART_MANIFEST)
		return object->part == PART_MANIFEST;
	return object->part == PART_INDEX || object->part == PART_PACKS ||
	       (object->part == PART_HASHES && need->hashes);
}

static enum status on_part(void *arg, const struct object_info *info, struct error *err)
{
	struct walk *walk = arg;
	struct backup_object object;
	if (!backup_object_parse(&object, info->name) || !needs_part(walk, &object))
		return STATUS_OK;
	return take(walk, info, err);
}

static enum status walk_backups(struct walk *walk, struct error *err)
{
	const struct thaw_need *need = walk->need;
	const struct manifest *manifest = need->manifest;
	enum status st = STATUS_OK;
	for (walk->backup = 0; !st && walk->backup <= manifest->need_count; walk->backup++) {
		const struct backup_label *label =
		    walk->backup == 0 ? &manifest->label : &manifest->needs[walk->backup - 1];
		char prefix[BACKUP_OBJECT_NAME_MAX];
		backup_object_name(prefix, manifest->system_id, label, PART_MANIFEST, 0);
		prefix[path_dir_len(prefix)] = '\0';
		st = store_list(need->lists->store, need->call, prefix, on_part, walk, err);
	}
	return st;
}

static enum status on_segment(void *arg, const struct object_info *info, struct error *err)
{
	struct walk *walk = arg;
	const struct thaw_need *need = walk->need;
	uint64_t system_id, number;
	struct wal_name name;
	if (!wal_object_parse(info->name, &system_id, &name) || name.kind != WAL_SEGMENT ||
	    !wal_name_number(&name, need->coverage->segment_bytes, &number) || number < need->first ||
	    number >= need->end)
		return STATUS_OK;
	return take(walk, info, err);
}

/* The directories of a timeline that can have such segments: each has the segments of 4 GiB of WAL. */
static enum status walk_timeline(struct walk *walk, const struct coverage_timeline *timeline, struct error *err)
{
	const struct thaw_need *need = walk->need;
	uint64_t in_directory = (1ULL << 32) / need->coverage->segment_bytes;
	uint64_t number = need->first > timeline->archived_first ? need->first : timeline->archived_first;
	uint64_t end = need->end < timeline->archived_end ? need->end : timeline->archived_end;
	enum status st = STATUS_OK;
	for (; !st && number < end; number = (number / in_directory + 1) * in_directory) {
		char prefix[WAL_OBJECT_NAME_MAX];
		struct wal_name name;
		wal_name_of_number(&name, timeline->id, number, need->coverage->segment_bytes);
		wal_object_name(prefix, need->coverage->system_id, &name);
		prefix[path_dir_len(prefix)] = '\0';
		st = store_list(need->lists->store, need->call, prefix, on_segment, walk, err);
	}
	return st;
}

enum status thaw_need_walk(const struct thaw_need *need, bool exact, store_list_fn each, void *arg, struct error *err)
{
	struct walk walk = {.need = need, .exact = exact, .each = each, .arg = arg};
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < need->names->count; i++)
		st = look(&walk, need->names->items[i], err);
	if (st || need->manifest == NULL)
		return st;
	st = walk_backups(&walk, err);
	for (size_t i = 0; !st && i < need->coverage->timeline_count; i++)
		st = walk_timeline(&walk, &need->coverage->timelines[i], err);
	return st;
}
