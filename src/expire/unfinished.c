#include "expire/unfinished.h"

#include <stdlib.h>
#include <string.h>

#include "catalog/begun.h"

static enum status on_object(void *arg, const struct object_info *info, struct error *err)
{
	struct unfinished *unfinished = arg;
	struct backup_object object;
	(void)err;
	if (!backup_object_parse(&object, info->name))
		return STATUS_OK;
	unfinished->objects++;
	unfinished->bytes += info->bytes;
	if (info->modified_s > unfinished->last_s)
		unfinished->last_s = info->modified_s;
	return STATUS_OK;
}

/* Without a `begun` that can be opened, the backup may need any earlier one. */
static enum status read_begun(struct unfinished *out, const struct repository *repo, const struct call *call,
			      uint64_t system_id, const struct backup_label *label, struct error *err)
{
	struct backup_begun begun;
	struct error why = {0};
	const struct call step = call_step(call);
	enum status st = backup_begun_read(&begun, repo, &step, system_id, label, &why);
	if (!st) {
		out->knows_parent = true;
		out->parent = begun.parent;
		out->redo_lsn = begun.redo_lsn;
	}
	if (!st || st == STATUS_MISSING || st == STATUS_DAMAGED || st == STATUS_EXISTS)
		return STATUS_OK;
	*err = why;
	return st;
}

static enum status look(struct unfinished *out, const struct repository *repo, const struct call *call,
			uint64_t system_id, const struct backup_label *label, struct error *err)
{
	char prefix[BACKUP_OBJECT_NAME_MAX + BACKUP_LABEL_MAX];
	backup_prefix(prefix, system_id);
	(void)strcat(strcat(prefix, label->text), "/");
	enum status st = store_list(repo->store, call, prefix, on_object, out, err);
	return st ? st : read_begun(out, repo, call, system_id, label, err);
}

enum status unfinished_look(struct unfinished **out, const struct backup_list *list, const struct repository *repo,
			    const struct call *call, uint64_t system_id, struct error *err)
{
	enum status st = STATUS_OK;
	*out = calloc(list->count + 1, sizeof **out);
	if (*out == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	for (size_t i = 0; !st && i < list->count; i++)
		if (!list->items[i].complete)
			st = look(&(*out)[i], repo, call, system_id, &list->items[i].label, err);
	return st;
}
