/* What one thread lists and a worker pool works on, in this order: the listing is never further ahead than there is
 * room. */
#ifndef WALSHIP_JOB_QUEUE_H
#define WALSHIP_JOB_QUEUE_H

#include <pthread.h>
#include <stdbool.h>

#include "walship/error.h"

#define QUEUE_ITEMS 64 /* so that nobody waits for the next page of a listing */

struct queue {
	pthread_mutex_t mutex; /* guards what follows, and whatever else its owner says */
	pthread_cond_t changed;
	void *items; /* the owner's: a ring of QUEUE_ITEMS */
	size_t item_bytes;
	size_t first, count;
	bool closed; /* no more will come */
	enum status failed;
	struct error err; /* of failed */
};

void queue_init(struct queue *queue, void *items, size_t item_bytes);
void queue_fini(struct queue *queue);

/* No more will come. What is queued is still taken. Called without the mutex, as the rest is with it. */
void queue_close(struct queue *queue);

/* It ends for all of them. The first failure stands. */
void queue_fail(struct queue *queue, enum status st, const struct error *err);
enum status queue_failed(const struct queue *queue, struct error *err);

/* Waits for room. Other than STATUS_OK it is what failed elsewhere. */
enum status queue_put(struct queue *queue, const void *item, struct error *err);

/* Waits for the next; false when there is none, and none will come. */
bool queue_take(struct queue *queue, void *out);

#endif
