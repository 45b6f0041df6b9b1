/* Removes the parts of segments that the archive has as a whole. A thread with a connection of its own. */
#ifndef WALSHIP_RECEIVE_SWEEP_H
#define WALSHIP_RECEIVE_SWEEP_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "repo/worker_pool.h"

/* The zero state runs no thread. */
struct sweep {
	const struct call *call;
	uint64_t system_id;
	uint32_t segment_bytes;
	int64_t timeout_ms; /* of each request */
	struct worker_pool pool;
	bool refused; /* the store does not let walship remove objects: said once */

	pthread_mutex_t mutex; /* guards what follows */
	pthread_cond_t changed;
	bool running, closing, due;
	uint32_t timeline; /* where the stream is */
	uint64_t number;
};

/* The owner has set the first four fields. Without a thread nothing is removed, and the log says so. */
void sweep_start(struct sweep *sweep, const struct repository *repo);

/* The stream is at this position: the parts of other segments may go. */
void sweep_move(struct sweep *sweep, uint32_t timeline, uint64_t lsn);

void sweep_stop(struct sweep *sweep);

#endif
