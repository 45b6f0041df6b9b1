/*
 * Makes received WAL durable: cuts it into parts, and stores each part as an object (pg/wal/part_name.h). A part
 * may begin with bytes of earlier parts (part_span.h). One thread fills the buffers in the order of positions; workers
 * seal and store them side by side. Memory is that of the buffers.
 */
#ifndef WALSHIP_RECEIVE_PART_WRITER_H
#define WALSHIP_RECEIVE_PART_WRITER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "receive/part_span.h"
#include "repo/object.h"
#include "repo/worker_pool.h"

#define PART_WRITER_WORKERS 2 /* the processors of a small server; each has a connection of its own */
#define PART_WRITER_SLOTS 4   /* one is filled, two are being stored, one waits */

struct wal_position {
	uint32_t timeline; /* 0: none */
	uint64_t lsn;
};

struct part_writer_settings {
	const struct repository *repo;
	const struct call *call; /* its signal_hold shortens the waits between tries, and does not end an upload */
	uint64_t system_id;
	uint32_t segment_bytes;
	const struct codec *codec;
	int level;
	int64_t interval_ms; /* the oldest byte of a buffer waits this long at most; 0: until a worker is free */
	size_t part_bytes;   /* the size of a buffer, and the most that a part has */
	int64_t timeout_ms;  /* of each try to store a part */
};

struct part_slot {
	enum part_slot_state { PART_FREE, PART_READY, PART_BUSY, PART_DONE, PART_FAILED } state;
	uint8_t *data;
	size_t len, repeated; /* bytes; earlier parts have the first `repeated` ones too */
	struct wal_position begin;
};

struct part_writer {
	struct part_writer_settings settings;
	struct worker_pool pool;
	int wake_fd;              /* readable when a part has been stored, or has failed for good */
	struct wal_position next; /* of the next byte; the filling thread's */
	int64_t first_ms;         /* when the first byte of the buffer that is filled came */
	struct part_span span;    /* the filling thread's, as history */
	uint8_t *history;         /* the bytes of span */

	pthread_mutex_t mutex; /* guards what follows */
	pthread_cond_t changed;
	struct part_slot slots[PART_WRITER_SLOTS];
	size_t filled, taken,
	    done; /* counts; slot n is n modulo PART_WRITER_SLOTS. The slot `filled` is being filled */
	unsigned busy;
	bool closing;
	struct wal_position durable; /* everything before it is stored */
	uint64_t stored_parts, stored_bytes;
	int64_t failing_since_ms; /* the store does not take a part since then; 0: it does */
	enum status failed;       /* for good */
	struct error err;         /* of failed, or of the last try that failed */
};

/* Starts the workers. The writer must not move until part_writer_close. */
enum status part_writer_open(struct part_writer *writer, const struct part_writer_settings *settings,
			     struct error *err);

/* Only while the writer is idle: the next byte comes from this position, and everything before it counts as durable. */
void part_writer_restart(struct part_writer *writer, struct wal_position position);

/* How many bytes part_writer_add takes now; 0: all buffers are in use. */
size_t part_writer_room(struct part_writer *writer);

/* Takes the next bytes: at most as many as there is room for. */
enum status part_writer_add(struct part_writer *writer, const void *data, size_t len, struct error *err);

/*
 * Hands the buffer to the workers if its time has come, or if now is set. Returns for how many milliseconds nothing
 * else is due; -1: for ever.
 */
int64_t part_writer_tick(struct part_writer *writer, bool now);

struct part_writer_state {
	struct wal_position durable, next;
	bool idle; /* everything that was added is durable */
	uint64_t stored_parts, stored_bytes;
	int64_t failing_ms;   /* for how long the store has not taken a part; 0: it does */
	struct error trouble; /* of the last try, if failing */
};

/* STATUS_CONFLICT and other failures that another try cannot mend. */
enum status part_writer_state(struct part_writer *writer, struct part_writer_state *out, struct error *err);

/* Waits until the workers have tried to store everything once more; then ends them and frees the buffers. */
void part_writer_close(struct part_writer *writer);

#endif
