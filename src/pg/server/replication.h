/*
 * Receives WAL from a server by the streaming replication protocol (PostgreSQL documentation, "Frontend/Backend
 * Protocol", "Streaming Replication Protocol"; src/backend/replication/walsender.c). The role needs the attribute
 * REPLICATION, and pg_hba.conf must admit it to "replication".
 */
#ifndef WALSHIP_PG_SERVER_REPLICATION_H
#define WALSHIP_PG_SERVER_REPLICATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/call.h"
#include "pg/server/postgres.h"

struct replication;

/* STATUS_USAGE unless PostgreSQL accepts the name of a slot (ReplicationSlotValidateName in slot.c). */
enum status replication_check_slot(const char *slot, struct error *err);

/* Connects. Parameters and statuses are those of postgres_open. */
enum status replication_open(struct replication **out, const struct postgres_settings *settings, struct error *err);

/* Closes; NULL is safe. */
void replication_free(struct replication *replication);
void replication_freep(struct replication **replication);

/* What IDENTIFY_SYSTEM and SHOW wal_segment_size say. */
struct replication_system {
	uint64_t system_id;
	uint32_t timeline; /* the server's own */
	uint64_t lsn;      /* the end of its flushed WAL */
	uint32_t segment_bytes;
};
enum status replication_identify(struct replication *replication, const struct call *call,
				 struct replication_system *out, struct error *err);

/* Appends the history file of a timeline above 1. */
enum status replication_history(struct replication *replication, const struct call *call, uint32_t timeline,
				struct buffer *out, struct error *err);

/* Creates a physical slot that keeps WAL from now on. STATUS_EXISTS: there is a slot of this name. */
enum status replication_create_slot(struct replication *replication, const struct call *call, const char *slot,
				    struct error *err);

/*
 * *lsn receives the position from which the slot keeps WAL; 0: none yet. STATUS_MISSING: there is no such slot.
 * STATUS_EXISTS: the server is older than PostgreSQL 15 and cannot answer this.
 */
enum status replication_read_slot(struct replication *replication, const struct call *call, const char *slot,
				  uint64_t *lsn, struct error *err);

/*
 * Begins to stream. STATUS_CONFLICT: the server does not have this WAL: it was removed, or the server's history left
 * the timeline before lsn. STATUS_DAMAGED: the slot cannot be used. STATUS_EXISTS: another process streams from the
 * slot.
 */
enum status replication_start(struct replication *replication, const struct call *call, const char *slot,
			      uint32_t timeline, uint64_t lsn, struct error *err);

enum replication_kind {
	REPLICATION_NOTHING, /* nothing has come: wait for replication_fd */
	REPLICATION_WAL,
	REPLICATION_KEEPALIVE,
	REPLICATION_END, /* the server sends no more: call replication_end */
};

struct replication_message {
	enum replication_kind kind;
	uint64_t lsn;        /* of the first byte */
	const uint8_t *data; /* valid until the next call */
	size_t len;
	uint64_t server_lsn; /* the end of the server's WAL, as it sent this */
	bool wants_reply;
};

/* Takes the next message without waiting. */
enum status replication_next(struct replication *replication, struct replication_message *out, struct error *err);

/* To wait for with poll(2); -1: the connection is gone. */
int replication_fd(const struct replication *replication);

/*
 * Reports positions to the server: up to received_lsn WAL has arrived, up to flushed_lsn it is durable, and the slot
 * lets it go. now_s: UTC. asks: the server shall answer at once.
 */
enum status replication_report(struct replication *replication, uint64_t received_lsn, uint64_t flushed_lsn,
			       int64_t now_s, bool asks, struct error *err);

/*
 * After REPLICATION_END. *timeline and *lsn receive the next timeline and where it begins, if the streamed timeline
 * ends here; *timeline is 0 if the server shuts down. Otherwise the server's error, with the statuses of
 * replication_start.
 */
enum status replication_end(struct replication *replication, const struct call *call, uint32_t *timeline, uint64_t *lsn,
			    struct error *err);

/* Tells the server that no more WAL is wanted, and gives it two seconds to agree. */
void replication_stop(struct replication *replication, const struct call *call);

#endif
