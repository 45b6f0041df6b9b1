/* How much of the machine threads side by side may use: so many at work at once, so many bytes of buffers. */
#ifndef WALSHIP_JOB_LIMITER_H
#define WALSHIP_JOB_LIMITER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct limiter {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	int64_t slots, bytes; /* not taken; below 0 while one is in that wants more than there is */
	unsigned inside;
};

void limiter_init(struct limiter *limiter, unsigned slots, uint64_t bytes);
void limiter_fini(struct limiter *limiter);

/*
 * Waits for a slot and for room; whoever wants more than there is at all goes in alone. A NULL limiter lets
 * everybody through, here and below.
 */
void limiter_enter(struct limiter *limiter, uint64_t bytes);

/* Gives back the slot, and some of the bytes: the work is done, what is left waits for a disk or a network. */
void limiter_release_slot(struct limiter *limiter, uint64_t bytes);

/* Gives back the other bytes; without limiter_release_slot before it, the slot too. */
void limiter_leave(struct limiter *limiter, uint64_t bytes, bool slot_released);

#endif
