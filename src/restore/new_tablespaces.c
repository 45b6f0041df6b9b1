#include "restore/new_tablespaces.h"

static void see(void *arg, const struct record_mark *mark)
{
	uint64_t *lsn = arg;
	if (mark->kind == MARK_TABLESPACE && *lsn == 0)
		*lsn = mark->lsn;
}

static enum status refuse_tablespace(uint32_t timeline, uint64_t number, uint32_t segment_bytes, struct error *err)
{
	struct wal_name name;
	wal_name_of_number(&name, timeline, number, segment_bytes);
	(void)error_set(
	    err, STATUS_CONFLICT,
	    "a tablespace was created after the backup, in %s: a copy would make it in its original directory",
	    name.text);
	return error_hint(err, STATUS_CONFLICT, "make a new backup, which has the tablespace: walship backup");
}

enum status new_tablespaces_refuse(const struct choice *choice, const struct coverage *coverage,
				   const struct repository *repo, const struct call *call, struct error *err)
{
	const struct branch *branch = &choice->branch;
	uint64_t created_lsn = 0, unused;
	struct wal_scan scan = {.repo = repo,
				.call = call,
				.system_id = coverage->system_id,
				.segment_bytes = coverage->segment_bytes,
				.marked = see,
				.arg = &created_lsn};
	enum status st = STATUS_OK;
	for (uint64_t i = 0; !st && i < choice->replay_segments; i++) {
		uint64_t number = branch->first + i;
		uint32_t timeline = line_segment(&branch->line, coverage, number, &unused);
		if (timeline == 0)
			break;
		st = wal_scan_segment(&scan, timeline, number, err);
		if (!st && created_lsn != 0)
			st = refuse_tablespace(timeline, number, coverage->segment_bytes, err);
	}
	return st == STATUS_MISSING ? STATUS_INCOMPLETE : st;
}
