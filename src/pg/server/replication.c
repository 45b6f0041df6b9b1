#include "pg/server/replication.h"

#include <endian.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "pg/server/online_backup.h"
#include "pg/server/postgres_private.h"

#define COMMAND_MAX 256
#define POSTGRES_EPOCH_S 946684800 /* 2000-01-01 UTC, from which PostgreSQL counts */
#define WAL_HEADER_BYTES 25        /* 'w', start, end of WAL, time */
#define KEEPALIVE_BYTES 18         /* 'k', end of WAL, time, whether a reply is wanted */
#define STOP_MS 2000
#define SLOT_NAME_MAX 63 /* NAMEDATALEN - 1 */
#define REPORT_BYTES 34  /* 'r', written, flushed, applied, time, whether a reply is wanted */

/* PostgreSQL documentation, "PostgreSQL Error Codes". */
#define DUPLICATE_OBJECT "42710"
#define OBJECT_IN_USE "55006"
#define NOT_IN_PREREQUISITE_STATE "55000"
#define UNDEFINED_FILE "58P01"
#define HAS_LEFT_TIMELINE "is not in this server's history" /* StartReplication in walsender.c has no code for it */

struct replication {
	struct postgres *postgres;
	char *message; /* of libpq; NULL: none */
};

enum status replication_check_slot(const char *slot, struct error *err)
{
	size_t len = strlen(slot);
	if (len > 0 && len <= SLOT_NAME_MAX && strspn(slot, "abcdefghijklmnopqrstuvwxyz0123456789_") == len)
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "stream-slot: '%.64s' is not a name for a replication slot", slot);
	return error_hint(err, STATUS_USAGE, "use lowercase letters, digits and '_', 63 at most");
}

enum status replication_open(struct replication **out, const struct postgres_settings *settings, struct error *err)
{
	CLEANUP(replication_freep) struct replication *replication = calloc(1, sizeof *replication);
	if (replication == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	enum status st = postgres_connect(&replication->postgres, settings, true, err);
	if (!st)
		*out = STEAL(replication);
	return st;
}

void replication_free(struct replication *replication)
{
	if (replication == NULL)
		return;
	if (replication->message != NULL)
		libpq.freemem(replication->message);
	postgres_free(replication->postgres);
	free(replication);
}

void replication_freep(struct replication **replication)
{
	replication_free(*replication);
}

static uint64_t number_of(const char *text)
{
	return text == NULL ? 0 : strtoull(text, NULL, 10);
}

/* "16MB", as SHOW prints it (config/guc: GUC_UNIT_BYTE). */
static uint32_t size_of(const char *text)
{
	char *unit = NULL;
	uint64_t size = text == NULL ? 0 : strtoull(text, &unit, 10);
	if (unit != NULL && strcmp(unit, "MB") == 0)
		size <<= 20;
	else if (unit != NULL && strcmp(unit, "GB") == 0)
		size <<= 30;
	return size > UINT32_MAX ? 0 : (uint32_t)size;
}

static enum status strange(struct error *err, const char *command)
{
	return error_set(err, STATUS_UNREACHABLE, "%s: the answer is not from PostgreSQL", command);
}

enum status replication_identify(struct replication *replication, const struct call *call,
				 struct replication_system *out, struct error *err)
{
	CLEANUP(postgres_rows_fini) struct postgres_rows system = {0};
	CLEANUP(postgres_rows_fini) struct postgres_rows size = {0};
	enum status st = postgres_query_rows(replication->postgres, call, "IDENTIFY_SYSTEM", 3, &system, err);
	if (!st)
		st = postgres_query_rows(replication->postgres, call, "SHOW wal_segment_size", 1, &size, err);
	if (st)
		return st;
	out->system_id = number_of(postgres_text(&system, 0, 0));
	out->timeline = (uint32_t)number_of(postgres_text(&system, 0, 1));
	out->segment_bytes = size_of(postgres_text(&size, 0, 0));
	if (out->system_id == 0 || out->timeline == 0 || out->segment_bytes == 0 ||
	    !lsn_parse(postgres_text(&system, 0, 2), &out->lsn))
		return strange(err, "IDENTIFY_SYSTEM");
	return STATUS_OK;
}

enum status replication_history(struct replication *replication, const struct call *call, uint32_t timeline,
				struct buffer *out, struct error *err)
{
	char command[COMMAND_MAX];
	CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
	(void)snprintf(command, sizeof command, "TIMELINE_HISTORY %" PRIu32, timeline);
	enum status st = postgres_query_rows(replication->postgres, call, command, 2, &rows, err);
	const char *text = st ? NULL : postgres_text(&rows, 0, 1);
	if (st)
		return st;
	return text == NULL ? strange(err, command) : buffer_append(out, text, strlen(text), err);
}

enum status replication_create_slot(struct replication *replication, const struct call *call, const char *slot,
				    struct error *err)
{
	char command[COMMAND_MAX];
	CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
	(void)snprintf(command, sizeof command, "CREATE_REPLICATION_SLOT \"%s\" PHYSICAL RESERVE_WAL", slot);
	enum status st = postgres_query(replication->postgres, call, command, &rows, err);
	/* The message is translated; the code is not. */
	if (st && strcmp(replication->postgres->code, DUPLICATE_OBJECT) == 0)
		return STATUS_EXISTS;
	return st ? error_hint(err, error_wrap(err, st, "create replication slot %s", slot),
			       "the role needs the attribute REPLICATION, and the server a free slot "
			       "(max_replication_slots)")
		  : STATUS_OK;
}

enum status replication_read_slot(struct replication *replication, const struct call *call, const char *slot,
				  uint64_t *lsn, struct error *err)
{
	char command[COMMAND_MAX];
	CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
	if (libpq.serverVersion(replication->postgres->connection) < 150000)
		return STATUS_EXISTS;
	(void)snprintf(command, sizeof command, "READ_REPLICATION_SLOT \"%s\"", slot);
	enum status st = postgres_query_rows(replication->postgres, call, command, 3, &rows, err);
	*lsn = 0;
	if (st)
		return st;
	if (postgres_text(&rows, 0, 0) == NULL)
		return error_set(err, STATUS_MISSING, "there is no replication slot %s", slot);
	(void)lsn_parse(postgres_text(&rows, 0, 1), lsn);
	return STATUS_OK;
}

/* The server logs "connection to client lost" if the connection ends before it has sent that it is ready again. */
static void wait_ready(struct postgres *postgres, const struct call *call)
{
	struct error ignored;
	bool more = true;
	while (more && !postgres_wait(postgres, call, &ignored)) {
		PGresult *result = libpq.getResult(postgres->connection);
		ExecStatusType kind = libpq.resultStatus(result);
		/* libpq returns the result of a copy again and again. */
		more = result != NULL && kind != PGRES_COPY_IN && kind != PGRES_COPY_OUT && kind != PGRES_COPY_BOTH;
		libpq.clear(result);
	}
}

/* By the error codes of StartReplication, ReplicationSlotAcquire and WalSndSegmentOpen. */
static enum status explain(struct replication *replication, const PGresult *result, struct error *err)
{
	struct postgres *postgres = replication->postgres;
	enum status st = postgres_check_result(postgres, result, err);
	if (strcmp(postgres->code, OBJECT_IN_USE) == 0)
		return error_hint(
		    err, STATUS_EXISTS,
		    "another process streams from this slot: one walship stream may run for each stream-slot. "
		    "The server frees the slot of a connection that broke after wal_sender_timeout");
	if (strcmp(postgres->code, NOT_IN_PREREQUISITE_STATE) == 0)
		return error_hint(
		    err, STATUS_DAMAGED,
		    "the slot cannot be used any more: drop it with pg_drop_replication_slot, and walship "
		    "stream creates a new one. The archive has the WAL if archive_command works");
	if (strcmp(postgres->code, UNDEFINED_FILE) == 0 || strstr(err->text, HAS_LEFT_TIMELINE) != NULL)
		return STATUS_CONFLICT;
	return st;
}

enum status replication_start(struct replication *replication, const struct call *call, const char *slot,
			      uint32_t timeline, uint64_t lsn, struct error *err)
{
	char command[COMMAND_MAX];
	struct postgres *postgres = replication->postgres;
	(void)snprintf(command, sizeof command,
		       "START_REPLICATION SLOT \"%s\" PHYSICAL %" PRIX32 "/%" PRIX32 " TIMELINE %" PRIu32, slot,
		       (uint32_t)(lsn >> 32), (uint32_t)lsn, timeline);
	if (!libpq.sendQuery(postgres->connection, command))
		return postgres_connection_error(postgres->connection, err);
	enum status st = postgres_wait(postgres, call, err);
	if (st)
		return st;
	PGresult *result = libpq.getResult(postgres->connection);
	if (result == NULL)
		return postgres_connection_error(postgres->connection, err);
	if (libpq.resultStatus(result) != PGRES_COPY_BOTH)
		st = libpq.resultStatus(result) == PGRES_FATAL_ERROR
			 ? explain(replication, result, err)
			 : error_set(err, STATUS_CONFLICT, "timeline %" PRIu32 " has ended here", timeline);
	libpq.clear(result);
	if (st)
		wait_ready(postgres, call);
	return st;
}

static uint64_t be64(const char *at)
{
	uint64_t value;
	memcpy(&value, at, sizeof value);
	return be64toh(value);
}

static enum status read_message(struct replication_message *out, const char *message, size_t len, struct error *err)
{
	if (len >= WAL_HEADER_BYTES && message[0] == 'w') {
		*out = (struct replication_message){.kind = REPLICATION_WAL,
						    .lsn = be64(message + 1),
						    .server_lsn = be64(message + 9),
						    .data = (const uint8_t *)message + WAL_HEADER_BYTES,
						    .len = len - WAL_HEADER_BYTES};
		return STATUS_OK;
	}
	if (len >= KEEPALIVE_BYTES && message[0] == 'k') {
		*out = (struct replication_message){.kind = REPLICATION_KEEPALIVE,
						    .server_lsn = be64(message + 1),
						    .wants_reply = message[KEEPALIVE_BYTES - 1] != 0};
		return STATUS_OK;
	}
	return strange(err, "streaming");
}

enum status replication_next(struct replication *replication, struct replication_message *out, struct error *err)
{
	PGconn *connection = replication->postgres->connection;
	if (replication->message != NULL)
		libpq.freemem(replication->message);
	replication->message = NULL;
	*out = (struct replication_message){0};
	int len = libpq.getCopyData(connection, &replication->message, 1);
	if (len == 0) {
		/* A server that shuts down closes the connection right behind its last message. */
		bool alive = libpq.consumeInput(connection) != 0;
		len = libpq.getCopyData(connection, &replication->message, 1);
		if (len == 0 && !alive)
			return postgres_connection_error(connection, err);
	}
	if (len == -2)
		return postgres_connection_error(connection, err);
	if (len == -1)
		out->kind = REPLICATION_END;
	return len <= 0 ? STATUS_OK : read_message(out, replication->message, (size_t)len, err);
}

int replication_fd(const struct replication *replication)
{
	return libpq.socket(replication->postgres->connection);
}

static void put64(char *at, uint64_t value)
{
	uint64_t big = htobe64(value);
	memcpy(at, &big, sizeof big);
}

enum status replication_report(struct replication *replication, uint64_t received_lsn, uint64_t flushed_lsn,
			       int64_t now_s, bool asks, struct error *err)
{
	PGconn *connection = replication->postgres->connection;
	char report[REPORT_BYTES] = {'r'};
	put64(report + 1, received_lsn);
	put64(report + 9, flushed_lsn);
	put64(report + 17, 0); /* walship applies nothing (InvalidXLogRecPtr) */
	put64(report + 25, (uint64_t)(now_s - POSTGRES_EPOCH_S) * 1000000);
	report[33] = asks;
	if (libpq.putCopyData(connection, report, sizeof report) <= 0 || libpq.flush(connection) != 0)
		return postgres_connection_error(connection, err);
	return STATUS_OK;
}

/* Reads the result after the end of the copy; *timeline stays 0 if there is none. */
static enum status read_switch(struct replication *replication, const PGresult *result, uint32_t *timeline,
			       uint64_t *lsn, struct error *err)
{
	struct postgres *postgres = replication->postgres;
	if (result == NULL)
		return postgres_connection_error(postgres->connection, err);
	ExecStatusType kind = libpq.resultStatus(result);
	if (kind == PGRES_COPY_IN || kind == PGRES_COMMAND_OK)
		return STATUS_OK;
	if (kind != PGRES_TUPLES_OK)
		return explain(replication, result, err);
	if (libpq.ntuples(result) != 1 || libpq.nfields(result) < 2 || !lsn_parse(libpq.getvalue(result, 0, 1), lsn))
		return strange(err, "the end of the timeline");
	*timeline = (uint32_t)number_of(libpq.getvalue(result, 0, 0));
	return STATUS_OK;
}

enum status replication_end(struct replication *replication, const struct call *call, uint32_t *timeline, uint64_t *lsn,
			    struct error *err)
{
	struct postgres *postgres = replication->postgres;
	enum status st = STATUS_OK;
	bool ended = false;
	*timeline = 0;
	while (!st) {
		st = postgres_wait(postgres, call, err);
		PGresult *result = st ? NULL : libpq.getResult(postgres->connection);
		if (st || (ended && result == NULL))
			break;
		st = read_switch(replication, result, timeline, lsn, err);
		if (st)
			wait_ready(postgres, call);
		/* The server has ended its side of the copy; this ends the other one. */
		if (!st && libpq.resultStatus(result) == PGRES_COPY_IN &&
		    (libpq.putCopyEnd(postgres->connection, NULL) <= 0 || libpq.flush(postgres->connection) != 0))
			st = postgres_connection_error(postgres->connection, err);
		ended = true;
		/* A server that shuts down sends no more, and closes the connection. */
		bool complete = !st && libpq.resultStatus(result) == PGRES_COMMAND_OK && *timeline == 0;
		libpq.clear(result);
		if (complete)
			break;
	}
	return st;
}

void replication_stop(struct replication *replication, const struct call *call)
{
	PGconn *connection = replication->postgres->connection;
	struct replication_message message = {0};
	struct error ignored;
	uint32_t timeline;
	uint64_t lsn;
	int64_t until_ms = clock_monotonic_ms(call->clock) + STOP_MS;
	if (libpq.putCopyEnd(connection, NULL) <= 0 || libpq.flush(connection) != 0)
		return;
	/* The server logs an error if the connection ends before it has ended the copy itself. */
	while (message.kind != REPLICATION_END && clock_monotonic_ms(call->clock) < until_ms) {
		struct pollfd socket = {.fd = libpq.socket(connection), .events = POLLIN};
		if (replication_next(replication, &message, &ignored))
			return;
		if (message.kind == REPLICATION_NOTHING)
			(void)poll(&socket, 1, STOP_MS / 10);
	}
	if (message.kind == REPLICATION_END)
		(void)replication_end(replication, call, &timeline, &lsn, &ignored);
}
