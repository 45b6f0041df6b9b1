#include "backup/wal_wait.h"

#include "pg/wal/name.h"

#define NAP_FIRST_MS 10 /* the archiver has usually finished before the last pack has */
#define NAP_MOST_MS 2000

static enum status give_up(const struct manifest *manifest, const struct wal_name *segment, int64_t timeout_ms,
			   struct error *err)
{
	(void)error_set(err, STATUS_INCOMPLETE,
			"segment %s, which the backup needs, is not in the repository after %lld s", segment->text,
			(long long)(timeout_ms / 1000));
	return error_hint(
	    err, STATUS_INCOMPLETE, "%s",
	    manifest->from_standby
		? "the primary archives a segment when it is full: set archive_timeout there, or run pg_switch_wal()"
		: "see walship status and the server's log for why the archiver does not store the segment");
}

/* Waits for one segment. end_ms is when the patience with all of them ends. */
static enum status wait_for(struct repository *repo, const struct call *call, const struct manifest *manifest,
			    const struct wal_name *segment, int64_t end_ms, bool *timed_out, struct error *err)
{
	char object[WAL_OBJECT_NAME_MAX];
	struct object_info info;
	wal_object_name(object, manifest->system_id, segment);
	for (int64_t nap_ms = NAP_FIRST_MS;; nap_ms = nap_ms * 3 / 2 < NAP_MOST_MS ? nap_ms * 3 / 2 : NAP_MOST_MS) {
		struct call step = call_step(call);
		enum status st = store_stat(repo->store, &step, object, &info, err);
		*timed_out = clock_monotonic_ms(call->clock) >= end_ms;
		if (st != STATUS_MISSING || *timed_out)
			return st;
		clock_sleep_ms(call->clock, nap_ms);
	}
}

enum status wal_wait(struct repository *repo, const struct call *call, const struct manifest *manifest,
		     int64_t timeout_ms, struct error *err)
{
	int64_t end_ms = clock_monotonic_ms(call->clock) + timeout_ms;
	uint64_t first = manifest->start_lsn / manifest->segment_bytes;
	/* The backup's end record ends at stop_lsn, which may be where a segment begins (XLByteToPrevSeg). */
	uint64_t last = (manifest->stop_lsn - 1) / manifest->segment_bytes;
	for (uint64_t number = first; number <= last; number++) {
		struct wal_name segment;
		bool timed_out;
		wal_name_of_number(&segment, (uint32_t)manifest->start_timeline, number,
				   (uint32_t)manifest->segment_bytes);
		enum status st = wait_for(repo, call, manifest, &segment, end_ms, &timed_out, err);
		if (st == STATUS_MISSING)
			return give_up(manifest, &segment, timeout_ms, err);
		if (st)
			return error_wrap(err, st, "look for segment %s", segment.text);
	}
	return STATUS_OK;
}
