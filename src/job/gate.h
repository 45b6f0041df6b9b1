/* How much of the machine threads side by side may use: so many at work at once, so many bytes of buffers. */
#ifndef WALSHIP_BASE_GATE_H
#define WALSHIP_BASE_GATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct gate {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	int64_t slots, bytes; /* not taken; below 0 while one is in that wants more than there is */
	unsigned inside;
};

void gate_init(struct gate *gate, unsigned slots, uint64_t bytes);
void gate_fini(struct gate *gate);

/*
 * Waits for a slot and for room; whoever wants more than there is at all goes in alone. A NULL gate lets
 * everybody through, here and below.
 */
void gate_enter(struct gate *gate, uint64_t bytes);

/* Gives back the slot, and some of the bytes: the work is done, what is left waits for a disk or a network. */
void gate_rest(struct gate *gate, uint64_t bytes);

/* Gives back the other bytes; without gate_rest before it, the slot too. */
void gate_leave(struct gate *gate, uint64_t bytes, bool rested);

#endif
