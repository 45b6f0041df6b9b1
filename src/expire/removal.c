#include "expire/removal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	return store_remove_many(removal->removes->store, removal->call, &these, err);
}

enum status removal_flush(struct removal *removal, struct error *err)
{
	const char *names[STORE_REMOVE_MAX];
	size_t count = removal->count;
	for (size_t i = 0; i < count; i++)
		names[i] = removal->names[i];
	removal->count = 0;
	return count == 0 ? STATUS_OK : remove_names(removal, names, count, err);
}

enum status removal_add(struct removal *removal, const char *name, struct error *err)
{
	if (removal->names == NULL)
		removal->names = calloc(STORE_REMOVE_MAX, sizeof *removal->names);
	if (removal->names == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	(void)snprintf(removal->names[removal->count++], sizeof removal->names[0], "%s", name);
	return removal->count == STORE_REMOVE_MAX ? removal_flush(removal, err) : STATUS_OK;
}

void removal_fini(struct removal *removal)
{
	free(removal->names);
	*removal = (struct removal){0};
}

enum status removal_one(struct removal *removal, const char *name, bool *refused, struct error *err)
{
	uint64_t before = removal->refused;
	enum status st = remove_names(removal, &name, 1, err);
	*refused = removal->refused > before;
	return st;
}

enum status removal_part(struct removal *removal, const struct backup_label *label, enum backup_part part,
			 bool *refused, struct error *err)
{
	char name[BACKUP_OBJECT_NAME_MAX];
	backup_object_name(name, removal->system_id, label, part, 0);
	return removal_one(removal, name, refused, err);
}

enum status removal_listed(struct removal *removal, const char *prefix, store_list_fn each, struct error *err)
{
	enum status st = store_list(removal->lists->store, removal->call, prefix, each, removal, err);
	return st ? st : removal_flush(removal, err);
}

static enum status on_object(void *arg, const struct object_info *info, struct error *err)
{
	struct removal *removal = arg;
	struct backup_object object;
	if (!backup_object_parse(&object, info->name))
		return STATUS_OK;
	removal->objects++;
	removal->bytes += info->bytes;
	return object.number == 0 ? STATUS_OK : removal_add(removal, info->name, err);
}

enum status removal_content(struct removal *removal, const struct backup_label *label, struct error *err)
{
	char prefix[BACKUP_OBJECT_NAME_MAX + BACKUP_LABEL_MAX];
	uint64_t before = removal->refused;
	bool refused;
	backup_prefix(prefix, removal->system_id);
	(void)strcat(strcat(prefix, label->text), "/");
	enum status st = removal_listed(removal, prefix, on_object, err);
	if (!st)
		st = removal_part(removal, label, PART_KEEP, &refused, err);
	return st || removal->refused > before ? st : removal_part(removal, label, PART_BEGUN, &refused, err);
}
