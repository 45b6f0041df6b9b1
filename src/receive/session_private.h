/* Shared by session.c and position.c. */
#ifndef WALSHIP_RECEIVE_SESSION_PRIVATE_H
#define WALSHIP_RECEIVE_SESSION_PRIVATE_H

#include "receive/receive_private.h"

/* One connection to the server. */
struct session {
	struct receiver *receiver;
	struct replication *replication;
	struct wal_position position;       /* where the streamed timeline was begun */
	uint64_t slot_lsn;                  /* the slot's position when the session began; 0: unknown */
	struct replication_message message; /* of WAL: what the writer has not taken yet */
	uint64_t reported_lsn, server_lsn;
	int64_t reported_ms, heard_ms;
	bool asked, flush, ended;
	uint64_t behind_lsn; /* for the note: WAL up to here arrived at behind_s; 0: nothing waits */
	int64_t behind_s;
};

/* Sets session->position. Creates the slot if there is none. */
enum status session_choose_position(struct session *session, struct error *err);

/*
 * Stores the history of the server's timeline, which recovery needs to follow the timeline, once. *timeline receives
 * the timeline that has lsn.
 */
enum status session_take_history(struct session *session, uint64_t lsn, uint32_t *timeline, struct error *err);

/*
 * Asks for the slot's position (0: none) and state over an ordinary connection: servers before PostgreSQL 15 tell the
 * position nowhere else.
 */
enum status receiver_ask_slot(struct receiver *receiver, uint64_t *lsn, struct error *err);

#endif
