#include "catalog/backup_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "repo/worker_pool.h"

enum status backup_manifest_read(struct manifest *out, const struct repository *repo, const struct call *call,
				 uint64_t system_id, const struct backup_label *label, struct unseal_lack *lack,
				 struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {.max = MANIFEST_BYTES_MAX};
	char name[BACKUP_OBJECT_NAME_MAX];
	*out = (struct manifest){0};
	backup_object_name(name, system_id, label, PART_MANIFEST, 0);
	enum status st = object_read(repo, call, name, &text, lack, err);
	if (st)
		return st;
	st = manifest_read(out, &text, err);
	if (!st && (out->system_id != system_id || strcmp(out->label.text, label->text) != 0))
		st = error_set(err, STATUS_DAMAGED, "damaged: the manifest belongs to another backup");
	return st == STATUS_DAMAGED ? error_wrap(err, st, "%s", name) : st;
}

/*
 * The labels.
 */

struct labels {
	struct backup_list *list;
	size_t prefix_len;
};

static enum status add_label(struct backup_list *list, const struct backup_label *label, struct error *err)
{
	struct listed_backup *grown = array_grow(list->items, list->count, &list->capacity, sizeof *grown);
	if (grown == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	list->items = grown;
	grown[list->count++] = (struct listed_backup){.label = *label};
	return STATUS_OK;
}

static enum status on_label(void *arg, const struct object_info *info, struct error *err)
{
	const struct labels *labels = arg;
	struct backup_label label;
	char text[BACKUP_LABEL_MAX];
	if (!info->directory || !label_of_directory(text, info->name + labels->prefix_len))
		return STATUS_OK;
	return backup_label_parse(&label, text) ? add_label(labels->list, &label, err) : STATUS_OK;
}

enum status backup_list_labels(struct backup_list *out, const struct repository *repo, const struct call *call,
			       uint64_t system_id, struct error *err)
{
	char prefix[BACKUP_OBJECT_NAME_MAX];
	backup_prefix(prefix, system_id);
	struct labels labels = {out, strlen(prefix)};
	return store_list_level(repo->store, call, prefix, on_label, &labels, err);
}

/*
 * One backup.
 */

static void note_part(struct listed_backup *backup, enum backup_part part, const struct object_info *info)
{
	backup->objects++;
	backup->bytes += info->bytes;
	if (info->modified_s > backup->newest_s)
		backup->newest_s = info->modified_s;
	backup->pinned |= part == PART_KEEP;
	if (part == PART_BEGUN)
		backup->begun_s = info->modified_s;
	if (part != PART_MANIFEST)
		return;
	backup->complete = true;
	backup->stored_s = info->modified_s;
	backup->status = info->archived ? STATUS_EXISTS : STATUS_OK;
	if (info->archived)
		(void)snprintf(backup->error, sizeof backup->error, "%.*s is in an archive storage class",
			       BACKUP_OBJECT_NAME_MAX, info->name);
}

static enum status on_part(void *arg, const struct object_info *info, struct error *err)
{
	struct backup_object object;
	(void)err;
	if (!info->directory && backup_object_parse(&object, info->name))
		note_part(arg, object.part, info);
	return STATUS_OK;
}

enum status backup_list_note(struct backup_list *list, const struct backup_object *object,
			     const struct object_info *info, struct error *err)
{
	enum status st = STATUS_OK;
	if (list->count == 0 || strcmp(list->items[list->count - 1].label.text, object->label.text) != 0)
		st = add_label(list, &object->label, err);
	if (!st)
		note_part(&list->items[list->count - 1], object->part, info);
	return st;
}

static enum status on_any(void *arg, const struct object_info *info, struct error *err)
{
	(void)arg, (void)info;
	return error_set(err, STATUS_EXISTS, "found");
}

/* What a removal leaves in a directory: directories without any object. */
static enum status forget_if_empty(struct listed_backup *backup, const struct repository *repo, const struct call *call,
				   const char *prefix, struct error *err)
{
	enum status st = store_list(repo->store, call, prefix, on_any, NULL, err);
	if (!st)
		backup->label.text[0] = '\0';
	return st == STATUS_EXISTS ? STATUS_OK : st;
}

/* An outage concerns all backups, any other failure this one. */
static enum status read_manifest(struct listed_backup *backup, const struct repository *repo, const struct call *call,
				 uint64_t system_id, struct error *err)
{
	enum status st =
	    backup_manifest_read(&backup->manifest, repo, call, system_id, &backup->label, &backup->lack, err);
	/* It was removed after the listing. */
	if (st == STATUS_MISSING)
		backup->complete = false;
	if (st)
		manifest_fini(&backup->manifest);
	if (st != STATUS_DAMAGED && st != STATUS_LOCAL)
		return st == STATUS_MISSING ? STATUS_OK : st;
	backup->status = st;
	(void)snprintf(backup->error, sizeof backup->error, "%.*s", LISTED_ERROR_MAX - 1, err->text);
	return STATUS_OK;
}

static enum status list_parts(struct listed_backup *backup, const struct repository *repo, const struct call *call,
			      uint64_t system_id, struct error *err)
{
	char prefix[BACKUP_OBJECT_NAME_MAX + BACKUP_LABEL_MAX];
	backup_prefix(prefix, system_id);
	(void)strcat(strcat(prefix, backup->label.text), "/");
	enum status st = store_list_level(repo->store, call, prefix, on_part, backup, err);
	if (st || backup->complete)
		return st;
	return backup->begun_s != 0 || backup->pinned ? STATUS_OK : forget_if_empty(backup, repo, call, prefix, err);
}

static enum status open_noted(struct listed_backup *backup, const struct repository *repo, const struct call *call,
			      uint64_t system_id, struct error *err)
{
	return backup->complete && backup->status == STATUS_OK ? read_manifest(backup, repo, call, system_id, err)
							       : STATUS_OK;
}

enum status backup_list_look(struct listed_backup *backup, const struct repository *repo, const struct call *call,
			     uint64_t system_id, struct error *err)
{
	enum status st = list_parts(backup, repo, call, system_id, err);
	return st ? st : open_noted(backup, repo, call, system_id, err);
}

/*
 * All of them, several at a time.
 */

struct reading {
	const struct call *call;
	uint64_t system_id;
	struct backup_list *list;
	bool listed;           /* each backup's objects are noted */
	pthread_mutex_t mutex; /* guards the fields below */
	size_t next;
	enum status status; /* the first failure */
	struct error err;
};

/* NULL when all are taken, or after a failure. */
static struct listed_backup *take(struct reading *reading)
{
	(void)pthread_mutex_lock(&reading->mutex);
	struct listed_backup *backup =
	    reading->status || reading->next == reading->list->count ? NULL : &reading->list->items[reading->next++];
	(void)pthread_mutex_unlock(&reading->mutex);
	return backup;
}

static void work(void *arg, const struct repository *repo)
{
	struct reading *reading = arg;
	struct listed_backup *backup;
	while ((backup = take(reading)) != NULL) {
		struct error err = {0};
		enum status st = reading->listed
				     ? open_noted(backup, repo, reading->call, reading->system_id, &err)
				     : backup_list_look(backup, repo, reading->call, reading->system_id, &err);
		(void)pthread_mutex_lock(&reading->mutex);
		if (st && !reading->status) {
			reading->status = st;
			reading->err = err;
		}
		(void)pthread_mutex_unlock(&reading->mutex);
	}
}

/* A directory answers without round trips. Where no thread can be started, the caller's does all. */
static enum status read_all(struct reading *reading, const struct repository *repo, struct error *err)
{
	struct worker_pool pool = {
	    .call = reading->call, .work = work, .arg = reading, .most = WORKER_POOL_CONNECTIONS};
	(void)pthread_mutex_init(&reading->mutex, NULL);
	if (reading->list->count > 1 && repository_in_s3(repo->settings))
		(void)worker_pool_start(&pool, reading->list->count, repo);
	worker_pool_join(&pool);
	work(reading, repo);
	(void)pthread_mutex_destroy(&reading->mutex);
	if (reading->status)
		*err = reading->err;
	return reading->status;
}

static void drop_forgotten(struct backup_list *list)
{
	size_t kept = 0;
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].label.text[0] != '\0')
			list->items[kept++] = list->items[i];
	list->count = kept;
}

enum status backup_list_read(struct backup_list *out, const struct repository *repo, const struct call *call,
			     uint64_t system_id, struct error *err)
{
	struct reading reading = {.call = call, .system_id = system_id, .list = out};
	enum status st = backup_list_labels(out, repo, call, system_id, err);
	if (!st)
		st = read_all(&reading, repo, err);
	drop_forgotten(out);
	return st;
}

enum status backup_list_open(struct backup_list *list, const struct repository *repo, const struct call *call,
			     uint64_t system_id, struct error *err)
{
	struct reading reading = {.call = call, .system_id = system_id, .list = list, .listed = true};
	return read_all(&reading, repo, err);
}

void backup_list_fini(struct backup_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		manifest_fini(&list->items[i].manifest);
	free(list->items);
	*list = (struct backup_list){0};
}

/*
 * Questions.
 */

static int compare(const void *label, const void *item)
{
	return strcmp(((const struct backup_label *)label)->text, ((const struct listed_backup *)item)->label.text);
}

const struct listed_backup *backup_list_find(const struct backup_list *list, const struct backup_label *label)
{
	return list->count == 0 ? NULL : bsearch(label, list->items, list->count, sizeof list->items[0], compare);
}

static bool is_valid(const struct listed_backup *backup)
{
	return backup != NULL && backup->complete && backup->status == STATUS_OK;
}

bool backup_list_is_usable(const struct backup_list *list, const struct listed_backup *backup)
{
	bool usable = is_valid(backup);
	for (size_t i = 0; usable && i < backup->manifest.need_count; i++)
		usable = is_valid(backup_list_find(list, &backup->manifest.needs[i]));
	return usable;
}

const struct listed_backup *backup_list_parent(const struct backup_list *list, enum backup_type type)
{
	for (size_t i = list->count; type != BACKUP_FULL && i > 0; i--) {
		const struct listed_backup *backup = &list->items[i - 1];
		if ((type == BACKUP_INCR || backup->label.type == BACKUP_FULL) && backup_list_is_usable(list, backup))
			return backup;
	}
	return NULL;
}
