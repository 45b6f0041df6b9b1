#include "catalog/dump_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"

static enum status add_label(struct dump_list *list, const struct dump_label *label, struct error *err)
{
	struct listed_dump *grown = array_grow(list->items, list->count, &list->capacity, sizeof *grown);
	if (grown == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	list->items = grown;
	grown[list->count++] = (struct listed_dump){.label = *label};
	return STATUS_OK;
}

enum status dump_list_note(struct dump_list *list, const struct dump_object *object, const struct object_info *info,
			   struct error *err)
{
	enum status st = STATUS_OK;
	if (list->count == 0 || strcmp(list->items[list->count - 1].label.text, object->label.text) != 0)
		st = add_label(list, &object->label, err);
	if (st)
		return st;
	struct listed_dump *dump = &list->items[list->count - 1];
	dump->objects++;
	dump->bytes += info->bytes;
	if (info->modified_s > dump->newest_s)
		dump->newest_s = info->modified_s;
	if (object->part != DUMP_MANIFEST)
		return STATUS_OK;
	dump->complete = true;
	dump->stored_s = info->modified_s;
	dump->status = info->archived ? STATUS_EXISTS : STATUS_OK;
	if (info->archived)
		(void)snprintf(dump->error, sizeof dump->error, "%.*s is in an archive storage class",
			       BACKUP_OBJECT_NAME_MAX, info->name);
	return STATUS_OK;
}

static enum status on_object(void *arg, const struct object_info *info, struct error *err)
{
	struct dump_object object;
	return dump_object_parse(&object, info->name) ? dump_list_note(arg, &object, info, err) : STATUS_OK;
}

static enum status read_manifest(struct listed_dump *dump, const struct repository *repo, const struct call *call,
				 uint64_t system_id, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {.max = DUMP_MANIFEST_BYTES_MAX};
	char name[BACKUP_OBJECT_NAME_MAX];
	struct dump_manifest *manifest = &dump->manifest;
	dump_object_name(name, system_id, &dump->label, DUMP_MANIFEST, 0);
	enum status st = object_read(repo, call, name, &text, &dump->lack, err);
	if (st)
		return st;
	st = dump_manifest_read(manifest, &text, err);
	if (!st && (manifest->system_id != system_id || strcmp(manifest->label.text, dump->label.text) != 0))
		st = error_set(err, STATUS_DAMAGED, "damaged: the manifest belongs to another dump");
	return st == STATUS_DAMAGED ? error_wrap(err, st, "%s", name) : st;
}

/* An outage concerns all dumps, any other failure this one. */
static enum status open_dump(struct listed_dump *dump, const struct repository *repo, const struct call *call,
			     uint64_t system_id, struct error *err)
{
	enum status st = read_manifest(dump, repo, call, system_id, err);
	/* It was removed after the listing. */
	if (st == STATUS_MISSING)
		dump->complete = false;
	if (st)
		dump_manifest_fini(&dump->manifest);
	if (st != STATUS_DAMAGED && st != STATUS_LOCAL)
		return st == STATUS_MISSING ? STATUS_OK : st;
	dump->status = st;
	(void)snprintf(dump->error, sizeof dump->error, "%.*s", LISTED_DUMP_ERROR_MAX - 1, err->text);
	return STATUS_OK;
}

enum status dump_list_open(struct dump_list *list, const struct repository *repo, const struct call *call,
			   uint64_t system_id, struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < list->count; i++)
		if (list->items[i].complete && list->items[i].status == STATUS_OK)
			st = open_dump(&list->items[i], repo, call, system_id, err);
	return st;
}

enum status dump_list_read(struct dump_list *out, const struct repository *repo, const struct call *call,
			   uint64_t system_id, struct error *err)
{
	char prefix[BACKUP_OBJECT_NAME_MAX];
	dump_prefix(prefix, system_id);
	enum status st = store_list(repo->store, call, prefix, on_object, out, err);
	return st ? st : dump_list_open(out, repo, call, system_id, err);
}

void dump_list_fini(struct dump_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		dump_manifest_fini(&list->items[i].manifest);
	free(list->items);
	*list = (struct dump_list){0};
}

static int compare(const void *label, const void *item)
{
	return strcmp(((const struct dump_label *)label)->text, ((const struct listed_dump *)item)->label.text);
}

struct listed_dump *dump_list_find(const struct dump_list *list, const struct dump_label *label)
{
	return list->count == 0 ? NULL : bsearch(label, list->items, list->count, sizeof list->items[0], compare);
}

struct listed_dump *dump_list_newest(const struct dump_list *list)
{
	for (size_t i = list->count; i > 0; i--)
		if (list->items[i - 1].complete && list->items[i - 1].status == STATUS_OK)
			return &list->items[i - 1];
	return NULL;
}

/*
 * The newest.
 */

#define LOOKS_MAX 32 /* labels that are looked at, from the newest back; each costs a request */

struct labels {
	struct dump_label newest[LOOKS_MAX]; /* a ring */
	size_t count, prefix_len;
};

static enum status on_label(void *arg, const struct object_info *info, struct error *err)
{
	struct labels *labels = arg;
	struct dump_label label;
	char text[BACKUP_LABEL_MAX];
	(void)err;
	if (info->directory && label_of_directory(text, info->name + labels->prefix_len) &&
	    dump_label_parse(&label, text))
		labels->newest[labels->count++ % LOOKS_MAX] = label;
	return STATUS_OK;
}

enum status dump_find_newest(struct newest_dump *out, const struct repository *repo, const struct call *call,
			     uint64_t system_id, struct error *err)
{
	struct labels labels = {.count = 0};
	char name[BACKUP_OBJECT_NAME_MAX];
	*out = (struct newest_dump){.stored_s = 0};
	dump_prefix(name, system_id);
	labels.prefix_len = strlen(name);
	enum status st = store_list_level(repo->store, call, name, on_label, &labels, err);
	for (size_t looks = 0; !st && looks < LOOKS_MAX && looks < labels.count; looks++) {
		const struct dump_label *label = &labels.newest[(labels.count - looks - 1) % LOOKS_MAX];
		struct object_info info;
		const struct call step = call_step(call);
		dump_object_name(name, system_id, label, DUMP_MANIFEST, 0);
		st = store_stat(repo->store, &step, name, &info, err);
		if (!st) {
			out->label = *label;
			out->stored_s = info.modified_s;
			return STATUS_OK;
		}
		if (st == STATUS_MISSING) {
			out->unfinished++;
			st = STATUS_OK;
		}
	}
	return st;
}

/*
 * Objects.
 */

static enum status add_bytes(void *arg, const struct object_info *info, struct error *err)
{
	(void)err;
	*(uint64_t *)arg += info->bytes;
	return STATUS_OK;
}

enum status dump_stored_bytes(uint64_t *out, const struct repository *repo, const struct call *call, uint64_t system_id,
			      const struct dump_label *label, struct error *err)
{
	char all[BACKUP_OBJECT_NAME_MAX], prefix[BACKUP_OBJECT_NAME_MAX + BACKUP_LABEL_MAX + 1];
	*out = 0;
	dump_prefix(all, system_id);
	(void)snprintf(prefix, sizeof prefix, "%s%s/", all, label->text);
	return store_list(repo->store, call, prefix, add_bytes, out, err);
}

struct looking {
	struct dump_faults *faults;
	const struct listed_dump *dump;
	size_t item, object; /* that is expected next */
};

static void note_fault(struct looking *looking, uint64_t *count, uint32_t number)
{
	if ((*count)++ == 0 && looking->faults->first[0] == '\0')
		dump_object_name(looking->faults->first, looking->dump->manifest.system_id, &looking->dump->label,
				 DUMP_DATA, number);
}

/* The number of the object that is expected next; 0: there is none. */
static uint32_t expected(struct looking *looking)
{
	const struct dump_manifest *manifest = &looking->dump->manifest;
	while (looking->item < manifest->count && looking->object == manifest->items[looking->item].objects) {
		looking->item++;
		looking->object = 0;
	}
	return looking->item == manifest->count ? 0 : manifest->items[looking->item].first + (uint32_t)looking->object;
}

/* Everything before this number is missing. */
static void pass_to(struct looking *looking, uint32_t number)
{
	for (uint32_t next = expected(looking); next != 0 && next < number; next = expected(looking)) {
		note_fault(looking, &looking->faults->missing, next);
		looking->object++;
	}
}

static enum status on_data(void *arg, const struct object_info *info, struct error *err)
{
	struct looking *looking = arg;
	struct dump_object object;
	(void)err;
	if (!dump_object_parse(&object, info->name) || object.part != DUMP_DATA)
		return STATUS_OK;
	pass_to(looking, object.number);
	if (expected(looking) != object.number)
		return STATUS_OK;
	looking->faults->archived += info->archived;
	if (looking->dump->manifest.items[looking->item].sizes[looking->object++] != info->bytes)
		note_fault(looking, &looking->faults->wrong_size, object.number);
	return STATUS_OK;
}

enum status dump_look_for_faults(struct dump_faults *out, const struct listed_dump *dump, const struct repository *repo,
				 const struct call *call, struct error *err)
{
	struct looking looking = {.faults = out, .dump = dump};
	char prefix[BACKUP_OBJECT_NAME_MAX + BACKUP_LABEL_MAX];
	*out = (struct dump_faults){0};
	dump_prefix(prefix, dump->manifest.system_id);
	(void)strcat(strcat(prefix, dump->label.text), "/data/");
	enum status st = store_list(repo->store, call, prefix, on_data, &looking, err);
	if (!st)
		pass_to(&looking, UINT32_MAX);
	return st;
}
