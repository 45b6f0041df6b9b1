/* A bounded queue from one thread that lists to a pool of workers, in order. A full queue stops the listing. */
#ifndef WALSHIP_JOB_QUEUE_H
#define WALSHIP_JOB_QUEUE_H

#include <pthread.h>
#include <stdbool.h>

#include "walship/error.h"

#define QUEUE_ITEMS 64 /* enough work while the next page of a listing arrives */

struct queue {
	pthread_mutex_t mutex; /* guards the fields below, and data of the owner */
	pthread_cond_t changed;
	void *items; /* ring of QUEUE_ITEMS items; owned by the caller */
	size_t item_bytes;
	size_t first, count;
	bool closed; /* no more items will come */
	enum status failed;
	struct error err; /* the error of failed */
};

void queue_init(struct queue *queue, void *items, size_t item_bytes);
void queue_fini(struct queue *queue);

/*
 * Closes the queue: no more items will come, and workers still take the queued ones. Call this without the mutex; the
 * functions below need it.
 */
void queue_close(struct queue *queue);

/* Fails the queue for all threads. The first failure stands. */
void queue_fail(struct queue *queue, enum status st, const struct error *err);
enum status queue_failed(const struct queue *queue, struct error *err);

/* Waits for room and adds the item. Returns the queue's failure if there is one. */
enum status queue_put(struct queue *queue, const void *item, struct error *err);

/* Waits for the next item. Returns false when the queue failed, or is closed and empty. */
bool queue_take(struct queue *queue, void *out);

#endif
