/* walship check: whether walship stream can receive WAL from this server. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "check/check_server_private.h"
#include "pg/server/replication.h"
#include "text/number.h"

/* The columns of SLOT. to_jsonb: a server before PostgreSQL 13 has no wal_status. */
enum slot_fact { SLOT_TYPE, SLOT_ACTIVE, SLOT_STATE, SLOT_FACT_COUNT };
#define SLOT                                                                                                           \
	"select slot_type, active, coalesce(to_jsonb(s)->>'wal_status', '') from pg_replication_slots s where "        \
	"slot_name = '%s'"

enum room_fact { ROOM_USED, ROOM_ALL, ROOM_KEEPS, ROOM_FACT_COUNT };
#define ROOM                                                                                                           \
	"select (select count(*) from pg_replication_slots), current_setting('max_replication_slots'), "               \
	"coalesce(current_setting('max_slot_wal_keep_size', true), '')"

static enum status ask_slot(const struct inspection *inspection, const struct call *call, struct postgres_rows *out,
			    struct error *err)
{
	char sql[512];
	enum status st = replication_check_slot(inspection->check->settings->stream_slot, err);
	if (st)
		return st;
	(void)snprintf(sql, sizeof sql, SLOT, inspection->check->settings->stream_slot);
	return postgres_query(inspection->postgres, call, sql, out, err);
}

bool check_stream_applies(const struct inspection *inspection, const struct call *call)
{
	CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
	struct error ignored = {0};
	return inspection->check->settings->streams ||
	       (!ask_slot(inspection, call, &rows, &ignored) && rows.count == 1);
}

/* Connects as walship stream does: the role and pg_hba.conf must admit the connection. */
static enum status connect(const struct inspection *inspection, const struct call *call, struct error *err)
{
	CLEANUP(replication_freep) struct replication *replication = NULL;
	struct replication_system system = {0};
	enum status st = replication_open(&replication, &inspection->check->settings->postgres, err);
	if (!st)
		st = replication_identify(replication, call, &system, err);
	if (!st)
		return STATUS_OK;
	/* An ordinary connection works with the same settings: the general hint would mislead. */
	err->hint[0] = '\0';
	return error_hint(err, error_wrap(err, st, "open a replication connection"),
			  "the role needs the attribute REPLICATION, pg_hba.conf must admit the role to the database "
			  "replication, and max_wal_senders needs room for one more");
}

static enum status judge_slot(const char *slot, const struct postgres_rows *rows, struct error *err)
{
	if (strcmp(column_text(rows, SLOT_TYPE), "physical") != 0) {
		(void)error_set(err, STATUS_USAGE, "the replication slot %s is logical: walship needs a physical one",
				slot);
		return error_hint(err, STATUS_USAGE, "set stream-slot to another name");
	}
	if (strcmp(column_text(rows, SLOT_STATE), "lost") == 0) {
		(void)error_set(err, STATUS_DAMAGED, "the replication slot %s is lost: it kept too much WAL", slot);
		return error_hint(err, STATUS_DAMAGED,
				  "drop the slot with pg_drop_replication_slot, and start walship stream: it creates "
				  "a new slot");
	}
	return STATUS_OK;
}

/* Checks that walship stream can create its slot. */
static enum status judge_room(const struct inspection *inspection, const struct postgres_rows *rows, struct error *err)
{
	uint64_t used, all;
	if (strcmp(fact(inspection, FACT_WAL_LEVEL), "minimal") == 0)
		return error_hint(err, error_set(err, STATUS_USAGE, "wal_level is minimal: replication is impossible"),
				  "set wal_level = replica in postgresql.conf, and restart the server");
	if (!number_parse(column_text(rows, ROOM_USED), UINT64_MAX, &used) ||
	    !number_parse(column_text(rows, ROOM_ALL), UINT64_MAX, &all) || used < all)
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "all %s replication slots of the server are in use",
			column_text(rows, ROOM_ALL));
	return error_hint(err, STATUS_USAGE, "raise max_replication_slots, and restart the server");
}

enum status check_server_stream(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	const struct inspection *inspection = arg;
	const char *slot = inspection->check->settings->stream_slot;
	CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
	CLEANUP(postgres_rows_fini) struct postgres_rows room = {0};
	finding->optional = true;
	enum status st = ask_slot(inspection, call, &rows, err);
	if (!st)
		st = postgres_query_rows(inspection->postgres, call, ROOM, ROOM_FACT_COUNT, &room, err);
	if (!st)
		st = rows.count == 0 ? judge_room(inspection, &room, err) : judge_slot(slot, &rows, err);
	if (!st)
		st = connect(inspection, call, err);
	if (st)
		return st;
	const char *state = rows.count == 0                                     ? "missing: walship stream creates it"
			    : strcmp(column_text(&rows, SLOT_ACTIVE), "t") == 0 ? "in use"
										: "not in use";
	bool unbounded = strcmp(column_text(&room, ROOM_KEEPS), "-1") == 0;
	finding_say(finding, "possible; the slot %s is %s%s", slot, state,
		    unbounded ? "; max_slot_wal_keep_size = -1 lets an outage of the store fill the server's disk"
			      : "");
	return STATUS_OK;
}
