/*
 * walship check: the directory of a directory repository in which the test object is created. The server will create
 * its next object there, and that directory may have another owner or mode than the root.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "check/check.h"
#include "pg/data/checkpoint.h"

static enum status note_any(void *arg, const struct object_info *info, struct error *err)
{
	(void)arg, (void)info;
	return error_set(err, STATUS_EXISTS, "found");
}

/* Nothing is created in an empty place: fetch takes an absent directory of a cluster for a disk that is not mounted. */
static bool has_objects(const struct check_store *check, const struct call *call, const char *place)
{
	struct error ignored = {0};
	const struct call step = call_step(call);
	return store_list(check->repo->store, &step, place, note_any, NULL, &ignored) == STATUS_EXISTS;
}

void check_place_find(struct check_place *out, const struct check_store *check, const struct call *call)
{
	struct data_directory directory = {0};
	struct checkpoint checkpoint;
	struct error ignored = {0};
	char place[CHECK_PLACE_MAX];
	uint64_t system_id = 0;
	*out = (struct check_place){0};
	if (!store_can(check->repo->store, STORE_EXAMINES) ||
	    cluster_id_find(&check->cluster, NULL, &directory, &system_id, &ignored) || system_id == 0)
		return;
	(void)snprintf(out->cluster, sizeof out->cluster, "%" PRIu64 "/", system_id);
	(void)snprintf(place, sizeof place, "%" PRIu64 "/wal/", system_id);
	if (!has_objects(check, call, place))
		return;
	(void)strcpy(out->next, place);
	if (!directory.known || checkpoint_read(&checkpoint, directory.path, &ignored))
		return;
	(void)snprintf(place, sizeof place, "%" PRIu64 "/wal/%08" PRIX32 "%08" PRIX32 "/", system_id,
		       checkpoint.timeline, (uint32_t)(checkpoint.redo_lsn >> 32));
	if (has_objects(check, call, place))
		(void)strcpy(out->next, place);
}
