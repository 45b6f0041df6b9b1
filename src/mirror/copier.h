/* Several objects are copied at once, each by a thread with connections to both repositories. */
#ifndef WALSHIP_MIRROR_COPIER_H
#define WALSHIP_MIRROR_COPIER_H

#include "job/limiter.h"
#include "job/queue.h"
#include "mirror/report.h"
#include "repo/worker_pool.h"

struct copier {
	const struct mirror_params *params;
	struct worker_pool pool;
	struct repository copies[WORKER_POOL_CONNECTIONS]; /* connections to the copy, one for each thread */
	size_t copy_count;
	struct limiter limiter; /* of buffers */
	struct mirror_entry entries[QUEUE_ITEMS];
	struct queue queue; /* its mutex guards the fields below */
	struct report report;
	size_t taken;            /* of copies */
	size_t pending;          /* objects that were put and are not settled */
	size_t failed;           /* objects that were not copied since copier_drain */
	unsigned local_failures; /* in a row */
};

/* Starts the threads; with dry_run none. Call it from the thread that uses the repositories. The caller calls
 * copier_fini in any case. The copier must not move. */
enum status copier_start(struct copier *copier, const struct mirror_params *params, const struct repository *original,
			 const struct repository *copy, struct error *err);
void copier_fini(struct copier *copier);

/* Waits for room, and hands the object over. */
enum status copier_put(struct copier *copier, const struct mirror_entry *entry, struct error *err);

/* Names an object that cannot be copied. It counts as one that was not copied. */
enum status copier_refuse(struct copier *copier, const struct mirror_entry *entry, enum transfer_outcome outcome,
			  const struct error *trouble, struct error *err);

/* Counts an object that was compared. */
void copier_look(struct copier *copier);

/* Waits until all objects are settled. *failed: how many were not copied since the last call. */
enum status copier_drain(struct copier *copier, size_t *failed, struct error *err);

#endif
