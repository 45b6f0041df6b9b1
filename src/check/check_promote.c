/* walship check --promote: whether a standby has all WAL of the archive, and which timeline it would make. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/retry.h"
#include "check/check_server_private.h"
#include "repo/latest_timeline.h"
#include "text/number.h"

#define REPLAY_WAIT_MS 10000 /* a standby that keeps up replays newly archived WAL in less time */
#define REPLAY_LOOK_MS 500

/*
 * The timeline is that of the WAL receiver, or what pg_control knows. Positions are numbers: LSN - '0/0'.
 */
#define REPLAYED                                                                                                       \
	"select pg_last_wal_replay_lsn() - '0/0', pg_last_wal_replay_lsn(), greatest((select received_tli from "       \
	"pg_stat_wal_receiver), (select min_recovery_end_timeline from pg_control_recovery()), (select timeline_id "   \
	"from pg_control_checkpoint())), (select setting from pg_settings where name = 'wal_segment_size')"
enum { REPLAYED_NUMBER, REPLAYED_LSN, REPLAYED_TIMELINE, REPLAYED_SEGMENT_BYTES, REPLAYED_COUNT };

/*
 * Until its next restartpoint a standby that reads from the archive shows the timeline that it has left. pg_wal then
 * has the segment that it replays under its new name. Roles without pg_monitor may not list pg_wal.
 */
#define REPLAYED_SEGMENTS                                                                                              \
	"select max(name) from pg_ls_waldir() where name ~ '^[0-9A-F]{24}$' and substr(name, 9) = '%s'"

struct promotion {
	struct inspection inspection;
	struct repository *repo; /* NULL: not usable */
	uint64_t system_id;
	uint64_t replayed; /* all WAL before this position */
	char lsn[32];
	uint32_t timeline;
	uint32_t segment_bytes;
	uint64_t behind; /* segments of the archive that have WAL after it */
	struct wal_name last;
};

static enum status in_recovery(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	const struct promotion *promotion = arg;
	(void)call;
	finding_say(finding, "the server is in recovery");
	if (is_standby(&promotion->inspection))
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "the server is not in recovery: it cannot be promoted");
	return error_hint(err, STATUS_USAGE, "pg-conninfo or PGHOST must name the standby");
}

/* Raises the timeline to that of the segment in pg_wal that has the last replayed byte. */
static void look_into_pg_wal(struct promotion *promotion, const struct call *call)
{
	CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
	struct error ignored = {0};
	struct wal_name name;
	char query[sizeof REPLAYED_SEGMENTS + WAL_NAME_MAX];
	if (promotion->replayed == 0)
		return;
	wal_name_of_number(&name, promotion->timeline, (promotion->replayed - 1) / promotion->segment_bytes,
			   promotion->segment_bytes);
	(void)snprintf(query, sizeof query, REPLAYED_SEGMENTS, name.text + 8);
	if (postgres_query_rows(promotion->inspection.postgres, call, query, 1, &rows, &ignored) == STATUS_OK &&
	    wal_name_parse(&name, column_text(&rows, 0), &ignored) == STATUS_OK && name.timeline > promotion->timeline)
		promotion->timeline = name.timeline;
}

static enum status ask(struct promotion *promotion, const struct call *call, struct error *err)
{
	CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
	uint64_t timeline, segment_bytes;
	enum status st =
	    postgres_query_rows(promotion->inspection.postgres, call, REPLAYED, REPLAYED_COUNT, &rows, err);
	if (st)
		return st;
	(void)snprintf(promotion->lsn, sizeof promotion->lsn, "%s", column_text(&rows, REPLAYED_LSN));
	(void)number_parse(column_text(&rows, REPLAYED_TIMELINE), UINT32_MAX, &timeline);
	(void)number_parse(column_text(&rows, REPLAYED_SEGMENT_BYTES), WAL_SEGMENT_MAX, &segment_bytes);
	promotion->timeline = (uint32_t)timeline;
	promotion->segment_bytes = (uint32_t)segment_bytes;
	if (!number_parse(column_text(&rows, REPLAYED_NUMBER), UINT64_MAX, &promotion->replayed) || timeline == 0 ||
	    !wal_segment_size_is_valid(segment_bytes))
		return error_set(err, STATUS_UNREACHABLE, "the server has not replayed any WAL since its start");
	look_into_pg_wal(promotion, call);
	return STATUS_OK;
}

static enum status count_behind(void *arg, const struct object_info *info, struct error *err)
{
	struct promotion *promotion = arg;
	struct wal_name name;
	uint64_t system_id, number;
	(void)err;
	if (!wal_object_parse(info->name, &system_id, &name) || name.kind != WAL_SEGMENT ||
	    !wal_name_number(&name, promotion->segment_bytes, &number) ||
	    number < promotion->replayed / promotion->segment_bytes)
		return STATUS_OK;
	promotion->behind++;
	promotion->last = name;
	return STATUS_OK;
}

/* If the position is within a segment that is complete in the archive, the archive has later WAL. */
static enum status list_behind(struct promotion *promotion, const struct call *call, struct error *err)
{
	enum status st = STATUS_OK;
	uint32_t log = (uint32_t)(promotion->replayed >> 32);
	promotion->behind = 0;
	for (uint32_t i = 0; !st && i < 2 && log <= UINT32_MAX - i; i++) {
		char prefix[64];
		(void)snprintf(prefix, sizeof prefix, "%" PRIu64 "/wal/%08" PRIX32 "%08" PRIX32 "/",
			       promotion->system_id, promotion->timeline, log + i);
		st = store_list(promotion->repo->store, call, prefix, count_behind, promotion, err);
	}
	return st;
}

static enum status all_replayed(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	struct promotion *promotion = arg;
	int64_t now_ms = clock_monotonic_ms(call->clock);
	int64_t half_ms = (call->deadline_ms - now_ms) / 2; /* the rest is for the last look */
	int64_t until_ms = now_ms + (half_ms < REPLAY_WAIT_MS ? half_ms : REPLAY_WAIT_MS);
	enum status st = ask(promotion, call, err);
	if (!st)
		st = list_behind(promotion, call, err);
	while (!st && promotion->behind > 0 && clock_monotonic_ms(call->clock) < until_ms) {
		clock_sleep_ms(call->clock, REPLAY_LOOK_MS);
		st = ask(promotion, call, err);
		if (!st)
			st = list_behind(promotion, call, err);
	}
	if (st || promotion->behind == 0) {
		finding_say(finding, "timeline %" PRIu32 " up to %s; the archive has no later WAL", promotion->timeline,
			    promotion->lsn);
		return st;
	}
	(void)error_set(err, STATUS_UNREACHABLE,
			"replayed up to %s, but the archive has %" PRIu64 " more segment%s, up to %s", promotion->lsn,
			promotion->behind, promotion->behind == 1 ? "" : "s", promotion->last.text);
	return error_hint(err, STATUS_UNREACHABLE,
			  "a promotion now would leave this WAL out: check restore_command and the server's log, wait "
			  "until the standby has replayed it, and check again");
}

static enum status timelines(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	struct promotion *promotion = arg;
	struct latest_timeline latest;
	enum status st =
	    latest_timeline_find(&latest, promotion->repo, call, promotion->system_id, promotion->timeline, err);
	if (st)
		return st;
	finding_say(finding, "no timeline above %" PRIu32 " is in use", promotion->timeline);
	if (latest.aside != 0) {
		(void)error_set(err, STATUS_CONFLICT,
				"this standby is on timeline %" PRIu32 ", and timeline %" PRIu32 " is set aside",
				promotion->timeline, latest.aside);
		return error_hint(err, STATUS_CONFLICT,
				  "recovery to the latest timeline leaves out its WAL: promote a standby of the server "
				  "that continues, or run walship timeline restore %" PRIu32,
				  latest.aside);
	}
	if (latest.timeline == promotion->timeline)
		return STATUS_OK;
	(void)error_set(err, STATUS_CONFLICT,
			"timeline %" PRIu32 " is in the archive, and this standby is on timeline %" PRIu32,
			latest.timeline, promotion->timeline);
	return error_hint(err, STATUS_CONFLICT,
			  "another server was promoted, or a trial copy archived this timeline: find out which, and "
			  "see walship verify and walship timeline set-aside");
}

static const struct step {
	const char *what;
	check_fn run;
	bool needs_store;
} steps[] = {
    {"standby", in_recovery, false},
    {"archive_mode", check_server_archive_mode, false},
    {"archive_command", check_server_archive_command, false},
    {"wal_level", check_server_wal_level, false},
    {"all WAL replayed", all_replayed, true},
    {"timelines", timelines, true},
};

enum status check_promote(struct checklist *list, const struct check_server *check, struct repository *repo,
			  struct error *err)
{
	struct promotion promotion = {.inspection = {.list = list, .check = check}, .repo = repo};
	bool passed;
	enum status st = checklist_run(list, "server", check_server_open, &promotion.inspection, &passed, err);
	if (!st && passed)
		(void)number_parse(fact(&promotion.inspection, FACT_SYSTEM_ID), UINT64_MAX, &promotion.system_id);
	for (size_t i = 0; !st && passed && i < sizeof steps / sizeof steps[0]; i++)
		/* A failed step before has said that the store is not usable. */
		if (repo != NULL || !steps[i].needs_store)
			st = checklist_run(list, steps[i].what, steps[i].run, &promotion, i == 0 ? &passed : NULL, err);
	postgres_rows_fini(&promotion.inspection.facts);
	postgres_free(promotion.inspection.postgres);
	return st;
}
