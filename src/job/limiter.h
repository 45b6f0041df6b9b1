/* Limits what concurrent threads use: how many run at once, and how many bytes of buffers they have. */
#ifndef WALSHIP_JOB_LIMITER_H
#define WALSHIP_JOB_LIMITER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct limiter {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	int64_t slots, bytes; /* available; negative while an oversized job runs alone */
	unsigned inside;
};

void limiter_init(struct limiter *limiter, unsigned slots, uint64_t bytes);
void limiter_fini(struct limiter *limiter);

/*
 * Waits for a free slot and for bytes of buffers. A job larger than the limit enters alone. A NULL limiter lets
 * everybody through, here and below.
 */
void limiter_enter(struct limiter *limiter, uint64_t bytes);

/* Releases the slot and some of the bytes: the computation is done, and the rest waits for a disk or a network. */
void limiter_release_slot(struct limiter *limiter, uint64_t bytes);

/* Releases the remaining bytes, and the slot unless slot_released says that limiter_release_slot was called. */
void limiter_leave(struct limiter *limiter, uint64_t bytes, bool slot_released);

#endif
