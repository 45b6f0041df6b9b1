/* Shared by receive.c and session.c. */
#ifndef WALSHIP_RECEIVE_RECEIVE_PRIVATE_H
#define WALSHIP_RECEIVE_RECEIVE_PRIVATE_H

#include "monitor/stream_note.h"
#include "pg/server/replication.h"
#include "receive/part_writer.h"
#include "receive/receive.h"
#include "receive/sweep.h"

struct receiver {
	const struct receive_settings *settings;
	struct repository repo;
	bool writing; /* the writer is open, and system is known */
	struct part_writer writer;
	struct sweep sweep;
	struct replication_system system; /* of the last connection */
	uint32_t history_stored;          /* the history of this timeline is in the repository; 0: of none */
	struct stream_note note;
	int64_t noted_ms, pinged_ms;
	bool ready;        /* systemd knows */
	bool continues;    /* the next session begins where the writer is; otherwise at the slot's position */
	uint64_t gone_lsn; /* the server no longer had the WAL from here on; 0: no WAL was missing */
	int64_t slot_ms;   /* of the last look at the slot */
	bool slot_hidden;  /* an ordinary connection is refused */
};

/* A call for the next step of up to timeout_ms, which SIGTERM does not end. */
struct call receiver_call(const struct receiver *receiver);

/*
 * Connects, finds the position, and streams until the connection ends. *streamed: it has begun. STATUS_OK: the server
 * shuts down, or a signal asks this process to end. STATUS_CONFLICT and STATUS_DAMAGED are final.
 */
enum status session_run(struct receiver *receiver, bool *streamed, struct error *err);

/* Writes the note, once a second at most; now: at once. */
void receiver_note(struct receiver *receiver, const struct part_writer_state *state, bool now);

#endif
