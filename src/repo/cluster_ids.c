#include "repo/cluster_ids.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "pg/wal/name.h"

static enum status on_directory(void *arg, const struct object_info *info, struct error *err)
{
	struct cluster_ids *out = arg;
	uint64_t system_id;
	const char *end = info->directory ? wal_system_id_read(info->name, &system_id) : NULL;
	if (end == NULL || strcmp(end, "/") != 0)
		return STATUS_OK;
	uint64_t *ids = array_grow(out->ids, out->count, &out->capacity, sizeof *ids);
	if (ids == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	out->ids = ids;
	ids[out->count++] = system_id;
	return STATUS_OK;
}

enum status cluster_ids_list(struct cluster_ids *out, const struct repository *repo, const struct call *call,
			     struct error *err)
{
	return store_list_level(repo->store, call, "", on_directory, out, err);
}

void cluster_ids_fini(struct cluster_ids *ids)
{
	free(ids->ids);
	*ids = (struct cluster_ids){0};
}
