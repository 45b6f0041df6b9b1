/* Where a stream begins: the slot, the timeline, and what the repository has already. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "pg/server/online_backup.h"
#include "pg/server/postgres.h"
#include "pg/wal/history.h"
#include "pg/wal/name.h"
#include "receive/part_store.h"
#include "receive/session_private.h"

struct lineage {
	uint64_t lsn;
	uint32_t timeline; /* the one that has lsn; 0: not found yet */
};

static enum status take_line(void *arg, uint32_t timeline, uint64_t switch_lsn, struct error *err)
{
	struct lineage *lineage = arg;
	(void)err;
	if (lineage->timeline == 0 && lineage->lsn < switch_lsn)
		lineage->timeline = timeline;
	return STATUS_OK;
}

/* Of two servers that were promoted, each has a timeline of the same number: parts of both must not mix. */
static enum status compare_history(const struct receiver *receiver, const char *object, const struct buffer *text,
				   struct error *err)
{
	CLEANUP(buffer_fini) struct buffer there = {.max = WAL_HISTORY_MAX};
	struct call call = receiver_call(receiver);
	enum status st = object_read(&receiver->repo, &call, object, &there, NULL, err);
	if (st || (there.len == text->len && memcmp(there.data, text->data, text->len) == 0))
		return st == STATUS_MISSING ? STATUS_UNREACHABLE : st;
	(void)error_set(err, STATUS_CONFLICT, "the repository has a different timeline of this number");
	return error_hint(err, STATUS_CONFLICT,
			  "two servers were promoted: stop the one that is not to go on, or give it a repository of "
			  "its own");
}

enum status session_take_history(struct session *session, uint64_t lsn, uint32_t *timeline, struct error *err)
{
	struct receiver *receiver = session->receiver;
	const struct replication_system *system = &receiver->system;
	CLEANUP(buffer_fini) struct buffer text = {.max = WAL_HISTORY_MAX};
	char object[WAL_OBJECT_NAME_MAX];
	struct lineage lineage = {.lsn = lsn};
	struct call call = receiver_call(receiver);
	*timeline = system->timeline;
	if (system->timeline == 1)
		return STATUS_OK;
	enum status st = replication_history(session->replication, &call, system->timeline, &text, err);
	if (!st)
		st = wal_history_read(system->timeline, buffer_text(&text), text.len, take_line, &lineage, err);
	if (st)
		return error_wrap(err, STATUS_UNREACHABLE, "the history of timeline %" PRIu32, system->timeline);
	if (lineage.timeline != 0)
		*timeline = lineage.timeline;
	if (receiver->history_stored == system->timeline)
		return STATUS_OK;
	wal_history_object_name(object, system->system_id, system->timeline);
	call = receiver_call(receiver);
	st = object_create(&receiver->repo, &call, object, text.data, text.len, err);
	if (st == STATUS_EXISTS)
		st = compare_history(receiver, object, &text, err);
	if (st)
		return error_wrap(err, st, "store the history of timeline %" PRIu32, system->timeline);
	receiver->history_stored = system->timeline;
	return STATUS_OK;
}

enum status receiver_ask_slot(struct receiver *receiver, uint64_t *lsn, struct error *err)
{
	const struct receive_settings *settings = receiver->settings;
	CLEANUP(postgres_freep) struct postgres *postgres = NULL;
	CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
	struct call call = receiver_call(receiver);
	char sql[256];
	(void)snprintf(
	    sql, sizeof sql,
	    "select restart_lsn, to_jsonb(s)->>'wal_status' from pg_replication_slots s where slot_name = '%s'",
	    settings->slot);
	enum status st = postgres_open(&postgres, &settings->postgres, &call, err);
	if (!st)
		st = postgres_query(postgres, &call, sql, &rows, err);
	if (st)
		return st;
	*lsn = 0;
	(void)lsn_parse(postgres_text(&rows, 0, 0), lsn);
	const char *state = postgres_text(&rows, 0, 1);
	(void)snprintf(receiver->note.slot_state, sizeof receiver->note.slot_state, "%s", state == NULL ? "" : state);
	return STATUS_OK;
}

/* *lsn: from where on the slot keeps WAL; 0: the slot does not say. */
static enum status find_slot(struct session *session, uint64_t *lsn, struct error *err)
{
	struct receiver *receiver = session->receiver;
	const char *slot = receiver->settings->slot;
	struct error ignored = {0};
	struct call call = receiver_call(receiver);
	enum status st = replication_read_slot(session->replication, &call, slot, lsn, err);
	if (!st && *lsn == 0)
		log_line(receiver->settings->call->log, LEVEL_WARNING,
			 "stream: slot %s keeps no WAL, perhaps because max_slot_wal_keep_size was exceeded: "
			 "streaming begins at the server's position, and only the archive has earlier WAL",
			 slot);
	if (!st)
		return st;
	if (st != STATUS_MISSING && st != STATUS_EXISTS)
		return st;
	call = receiver_call(receiver);
	enum status made = replication_create_slot(session->replication, &call, slot, err);
	if (!made)
		log_line(receiver->settings->call->log, LEVEL_WARNING,
			 "stream: created replication slot %s: the server keeps WAL for it until walship has stored "
			 "it. Drop "
			 "the slot if walship stream is not to run any more",
			 slot);
	if (made && made != STATUS_EXISTS)
		return made;
	*lsn = 0;
	call = receiver_call(receiver);
	if (st == STATUS_MISSING)
		return replication_read_slot(session->replication, &call, slot, lsn, err);
	if (receiver_ask_slot(receiver, lsn, &ignored))
		log_line(receiver->settings->call->log, LEVEL_INFO, "stream: the slot's position is not known: %s",
			 ignored.text);
	return STATUS_OK;
}

static struct part_store store_of(const struct receiver *receiver, const struct call *call)
{
	return (struct part_store){.repo = &receiver->repo,
				   .call = call,
				   .system_id = receiver->system.system_id,
				   .segment_bytes = receiver->system.segment_bytes};
}

/*
 * A stream that goes on continues where it was. Otherwise it begins at the slot's position, if the repository has the
 * segment's parts up to there, else where they end: a part is of use only with all parts before it.
 */
enum status session_choose_position(struct session *session, struct error *err)
{
	struct receiver *receiver = session->receiver;
	struct wal_position *position = &session->position;
	uint64_t lsn = 0;
	uint32_t timeline;
	enum status st = find_slot(session, &lsn, err);
	if (st)
		return st;
	session->slot_lsn = lsn;
	if (lsn == 0 || lsn > receiver->system.lsn || lsn == receiver->gone_lsn)
		lsn = receiver->system.lsn;
	st = session_take_history(session, lsn, &timeline, err);
	*position = receiver->writer.next;
	if (st || receiver->continues)
		return st;
	struct call call = receiver_call(receiver);
	const struct part_store store = store_of(receiver, &call);
	*position = (struct wal_position){timeline, lsn};
	return part_store_reach(&store, timeline, &position->lsn, err);
}
