#include "verify/backup_parts.h"

#include <stdlib.h>

#include "base/array.h"

static int compare(const void *one, const void *other)
{
	const struct backup_stored *a = one, *b = other;
	if (a->begun_s != b->begun_s)
		return a->begun_s < b->begun_s ? -1 : 1;
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	if (a->part != b->part)
		return a->part < b->part ? -1 : 1;
	return (a->number > b->number) - (a->number < b->number);
}

enum status backup_parts_add(struct backup_parts *parts, const struct backup_object *object,
			     const struct object_info *info, struct error *err)
{
	struct backup_stored *grown = array_grow(parts->items, parts->count, &parts->capacity, sizeof *grown);
	if (grown == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	parts->items = grown;
	grown[parts->count++] = (struct backup_stored){.begun_s = object->label.begun_s,
						       .bytes = info->bytes,
						       .number = object->number,
						       .type = (uint8_t)object->label.type,
						       .part = (uint8_t)object->part,
						       .archived = info->archived};
	return STATUS_OK;
}

void backup_parts_sort(struct backup_parts *parts)
{
	if (parts->count > 0)
		qsort(parts->items, parts->count, sizeof *parts->items, compare);
}

struct backup_stored *backup_parts_find(const struct backup_parts *parts, const struct backup_label *label,
					enum backup_part part, uint32_t number)
{
	const struct backup_stored key = {
	    .begun_s = label->begun_s, .number = number, .type = (uint8_t)label->type, .part = (uint8_t)part};
	return parts->count == 0 ? NULL : bsearch(&key, parts->items, parts->count, sizeof key, compare);
}

void backup_parts_fini(struct backup_parts *parts)
{
	free(parts->items);
	*parts = (struct backup_parts){0};
}
