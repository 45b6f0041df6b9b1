#include "restore/moved_tablespaces.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum status add(struct moved_tablespaces *moved, const char *oid, const char *parent, struct error *err)
{
	char path[PATH_MAX];
	if ((size_t)snprintf(path, sizeof path, "%s/%s", parent, oid) >= sizeof path)
		return error_set(err, STATUS_LOCAL, "path too long: %.64s...", parent);
	char *copy = strdup(path);
	if (copy == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	moved->items[moved->count++] = (struct restored_tablespace){oid, copy};
	return STATUS_OK;
}

enum status moved_tablespaces_make(struct moved_tablespaces *out, const struct manifest *manifest, const char *parent,
				   struct error *err)
{
	size_t count = manifest->tablespaces.count;
	enum status st = STATUS_OK;
	*out = (struct moved_tablespaces){0};
	if (count == 0)
		return STATUS_OK;
	out->items = calloc(count, sizeof *out->items);
	if (out->items == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	for (size_t i = 0; !st && i < count; i++)
		st = add(out, manifest->tablespaces.items[i].name, parent, err);
	return st;
}

void moved_tablespaces_fini(struct moved_tablespaces *moved)
{
	union {
		const char *in;
		char *out;
	} directory;
	for (size_t i = 0; i < moved->count; i++) {
		directory.in = moved->items[i].directory;
		free(directory.out);
	}
	free(moved->items);
	*moved = (struct moved_tablespaces){0};
}
