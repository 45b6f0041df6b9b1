#include "receive/part_store.h"

#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "pg/wal/part_name.h"

static void name_segment(struct wal_name *out, const struct part_store *store, uint32_t timeline, uint64_t lsn)
{
	wal_name_of_number(out, timeline, lsn / store->segment_bytes, store->segment_bytes);
}

/* A confirmation was lost, or the stream began again from an earlier position. */
static enum status compare(const struct part_store *store, const char *name, const void *data, size_t len,
			   struct error *err)
{
	CLEANUP(buffer_fini) struct buffer there = {.max = len};
	enum status st = object_read(store->repo, store->call, name, &there, NULL, err);
	if (st == STATUS_MISSING)
		return error_wrap(err, STATUS_UNREACHABLE, "the object existed a moment ago");
	if (st && st != STATUS_DAMAGED)
		return st;
	if (!st && there.len == len && memcmp(there.data, data, len) == 0)
		return STATUS_OK;
	(void)error_set(err, STATUS_CONFLICT, "%s: the repository has a different object of this name", name);
	return error_hint(err, STATUS_CONFLICT,
			  "the server was reverted to an earlier state, or a copy of it streams into the same "
			  "repository: a copy needs a repository of its own");
}

enum status part_store_create(const struct part_store *store, uint32_t timeline, uint64_t lsn, const void *data,
			      size_t len, struct error *err)
{
	char name[WAL_OBJECT_NAME_MAX];
	uint32_t first = (uint32_t)(lsn % store->segment_bytes);
	struct wal_part part = {.first = first, .end = first + (uint32_t)len};
	name_segment(&part.segment, store, timeline, lsn);
	wal_part_object_name(name, store->system_id, &part);
	enum status st = object_create_with(store->repo, store->call, name, &store->object, data, len, err);
	if (st == STATUS_EXISTS)
		st = compare(store, name, data, len, err);
	if (!st)
		log_line(store->call->log, LEVEL_DEBUG, "stream: stored %s", name);
	return st;
}

struct reach {
	uint64_t end; /* in the segment */
};

/* Names ascend, so a part that continues comes after the part that it continues. */
static enum status take_part(void *arg, const struct object_info *info, struct error *err)
{
	struct reach *reach = arg;
	struct wal_part part;
	uint64_t system_id;
	(void)err;
	if (wal_part_parse(info->name, &system_id, &part) && part.first <= reach->end && part.end > reach->end)
		reach->end = part.end;
	return STATUS_OK;
}

enum status part_store_reach(const struct part_store *store, uint32_t timeline, uint64_t *lsn, struct error *err)
{
	char prefix[WAL_OBJECT_NAME_MAX];
	struct wal_name segment;
	struct reach reach = {0};
	uint64_t begin = *lsn - *lsn % store->segment_bytes;
	if (*lsn == begin)
		return STATUS_OK;
	name_segment(&segment, store, timeline, *lsn);
	wal_part_prefix(prefix, store->system_id, &segment);
	enum status st = store_list(store->repo->store, store->call, prefix, take_part, &reach, err);
	if (!st && begin + reach.end < *lsn)
		*lsn = begin + reach.end;
	return st;
}
