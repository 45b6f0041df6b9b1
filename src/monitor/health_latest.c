/* walship status: whether recovery to the latest timeline still takes the WAL of this server. */
#include "monitor/health.h"
#include "repo/latest_timeline.h"

/* pg_control has the new timeline of a promoted server only after its next checkpoint; pg_wal has it at once. */
static uint32_t own_timeline(const struct health *health)
{
	const struct wal_name *furthest = &health->pending.furthest;
	uint32_t timeline = health->checkpoint.timeline;
	return furthest->text[0] != '\0' && furthest->timeline > timeline ? furthest->timeline : timeline;
}

/* The server's timeline has WAL up to here at least: its last checkpoint, or its furthest finished segment. */
static uint64_t known_lsn(const struct health *health)
{
	const struct wal_name *furthest = &health->pending.furthest;
	uint64_t number, lsn = health->checkpoint.redo_lsn;
	if (furthest->text[0] != '\0' && furthest->kind == WAL_SEGMENT && furthest->timeline == own_timeline(health) &&
	    wal_name_number(furthest, health->pending.segment_bytes, &number) &&
	    number * health->pending.segment_bytes > lsn)
		lsn = number * health->pending.segment_bytes;
	return lsn;
}

enum status health_look_above(struct health *health, struct repository *repo, const struct call *call,
			      struct error *err)
{
	struct health_archive *out = &health->archive;
	uint64_t lsn = known_lsn(health);
	uint32_t timeline = own_timeline(health);
	struct latest_timeline latest;
	if (out->newest.text[0] == '\0')
		return STATUS_OK;
	enum status st = latest_timeline_find(&latest, repo, call, health->system_id, timeline, err);
	/* A fault of the archive: health_judge_chain reports it. */
	if (st == STATUS_DAMAGED || st == STATUS_CONFLICT) {
		out->latest_trouble = *err;
		*err = (struct error){0};
		return STATUS_OK;
	}
	out->aside = st ? 0 : latest.aside;
	if (st || latest.timeline == timeline || (latest.parent == timeline && latest.switch_lsn >= lsn))
		return st;
	out->latest = latest.timeline;
	out->latest_parent = latest.parent;
	out->latest_switch_lsn = latest.switch_lsn;
	return STATUS_OK;
}
