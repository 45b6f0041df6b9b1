#include "backup/wal_wait.h"

#include "backup/wal_open.h"
#include "pg/wal/name.h"

#define NAP_FIRST_MS 10 /* the archiver has usually finished before the last pack has */
#define NAP_MOST_MS 2000
#define TELL_FIRST_MS 10000 /* an archiver that works takes less */
#define TELL_AGAIN_MS 60000

/* The wait for one segment after the other. */
struct state {
	const struct wal_wait *wait;
	int64_t begun_ms, end_ms, tell_ms;
	uint64_t first, last; /* numbers of segments */
	bool timed_out;
};

static enum status give_up(const struct wal_wait *wait, const struct wal_name *segment, struct error *err)
{
	(void)error_set(err, STATUS_INCOMPLETE,
			"segment %s, which the backup needs, is not in the repository after %lld s", segment->text,
			(long long)(wait->timeout_ms / 1000));
	return error_hint(
	    err, STATUS_INCOMPLETE, "%s",
	    wait->manifest->from_standby
		? "the primary archives a segment when it is full: set archive_timeout there, or run pg_switch_wal()"
		: "see walship status and the server's log for why the archiver does not store the segment");
}

/* The wait alone does no harm, so a server that does not answer ends nothing here. */
static enum status tell(struct state *state, const struct wal_name *segment, struct error *err)
{
	const struct wal_wait *wait = state->wait;
	struct error ignored;
	char failure[SERVER_FAILURE_MAX] = "";
	int64_t now_ms = clock_monotonic_ms(wait->call->clock);
	if (now_ms < state->tell_ms)
		return STATUS_OK;
	state->tell_ms = now_ms + TELL_AGAIN_MS;
	(void)backup_server_archive_failure(wait->server, wait->call, failure, &ignored);
	progress_clear(wait->progress);
	log_line(wait->call->log, LEVEL_WARNING,
		 "backup %s has waited for segment %s for %lld s: the backup needs its WAL in the repository%s%s",
		 wait->manifest->label.text, segment->text, (long long)((now_ms - state->begun_ms) / 1000),
		 failure[0] == '\0' ? "" : "; ", failure);
	return backup_server_check_timeline(wait->server, wait->call, (uint32_t)wait->manifest->start_timeline, err);
}

static void show(const struct state *state, const struct wal_name *segment)
{
	const struct wal_wait *wait = state->wait;
	if (!progress_is_due(wait->progress))
		return;
	progress_show(wait->progress, "backup: waiting for segment %s in the repository, for %lld s, at most %lld s",
		      segment->text, (long long)((clock_monotonic_ms(wait->call->clock) - state->begun_ms) / 1000),
		      (long long)(wait->timeout_ms / 1000));
}

static enum status wait_for(struct state *state, const struct wal_name *segment, struct error *err)
{
	const struct wal_wait *wait = state->wait;
	char object[WAL_OBJECT_NAME_MAX];
	struct object_info info;
	wal_object_name(object, wait->manifest->system_id, segment);
	for (int64_t nap_ms = NAP_FIRST_MS;; nap_ms = nap_ms * 3 / 2 < NAP_MOST_MS ? nap_ms * 3 / 2 : NAP_MOST_MS) {
		struct call step = call_step(wait->call);
		enum status st = store_stat(wait->repo->store, &step, object, &info, err);
		state->timed_out = clock_monotonic_ms(wait->call->clock) >= state->end_ms;
		if (st && st != STATUS_MISSING)
			return error_wrap(err, st, "look for segment %s", segment->text);
		if (st == STATUS_OK || state->timed_out)
			return st ? give_up(wait, segment, err) : STATUS_OK;
		show(state, segment);
		st = tell(state, segment, err);
		if (st)
			return st;
		clock_sleep_ms(wait->call->clock, nap_ms);
	}
}

enum status wal_wait(const struct wal_wait *wait, struct error *err)
{
	const struct manifest *manifest = wait->manifest;
	int64_t now_ms = clock_monotonic_ms(wait->call->clock);
	struct state state = {.wait = wait,
			      .begun_ms = now_ms,
			      .end_ms = now_ms + wait->timeout_ms,
			      .tell_ms = now_ms + TELL_FIRST_MS,
			      .first = manifest->start_lsn / manifest->segment_bytes,
			      /* The backup's end record ends at stop_lsn, which may be where a segment begins
				 (XLByteToPrevSeg). */
			      .last = (manifest->stop_lsn - 1) / manifest->segment_bytes};
	enum status st = STATUS_OK;
	for (uint64_t number = state.first; !st && number <= state.last; number++) {
		struct wal_name segment;
		wal_name_of_number(&segment, (uint32_t)manifest->start_timeline, number,
				   (uint32_t)manifest->segment_bytes);
		st = wait_for(&state, &segment, err);
		if (!st && (number == state.first || number == state.last))
			st = wal_open_check(wait->repo, wait->call, manifest->system_id, &segment, err);
	}
	progress_clear(wait->progress);
	return st;
}
