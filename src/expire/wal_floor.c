#include "expire/wal_floor.h"

#include "pg/wal/name.h"

static void lower(struct wal_floor *floor, uint64_t lsn, const struct listed_backup *by)
{
	if (floor->by == NULL || lsn < floor->lsn) {
		floor->lsn = lsn;
		floor->by = by;
	}
}

static void take_finished(struct wal_floor *floor, const struct listed_backup *backup)
{
	const struct manifest *manifest = &backup->manifest;
	bool is_first = floor->kind == WAL_FLOOR_NO_BACKUP;
	if (is_first && wal_segment_size_is_valid(manifest->segment_bytes)) {
		floor->kind = WAL_FLOOR_KNOWN;
		floor->segment_bytes = (uint32_t)manifest->segment_bytes;
	} else if (is_first || manifest->segment_bytes != floor->segment_bytes) {
		floor->kind = WAL_FLOOR_SIZES;
	}
	lower(floor, manifest->start_lsn, backup);
}

struct wal_floor wal_floor_of(const struct backup_list *list, const struct unfinished *unfinished,
			      const struct verdict *verdicts)
{
	struct wal_floor floor = {.kind = WAL_FLOOR_NO_BACKUP};
	for (size_t i = 0; i < list->count; i++) {
		const struct listed_backup *backup = &list->items[i];
		if (verdicts[i].reasons == 0)
			continue;
		if (backup->complete ? backup->status != STATUS_OK : unfinished[i].redo_lsn == 0)
			return (struct wal_floor){.kind = WAL_FLOOR_UNKNOWN_START, .by = backup};
		if (backup->complete)
			take_finished(&floor, backup);
		else
			lower(&floor, unfinished[i].redo_lsn, backup);
	}
	return floor;
}
