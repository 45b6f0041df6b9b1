/*
 * Slots that one thread fills in order, several threads work on, and the first thread takes back in the same order:
 * for work on pieces of a stream that must stay in order on both sides. Memory is that of the slots.
 */
#ifndef WALSHIP_JOB_PIPELINE_H
#define WALSHIP_JOB_PIPELINE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "walship/error.h"

#define PIPELINE_THREADS_MAX 4
#define PIPELINE_SLOTS(threads)                                                                                        \
	((threads) > 1 ? (threads) + 2 : 1) /* one is filled, one is taken back, and one is with each thread */
#define PIPELINE_SLOTS_MAX PIPELINE_SLOTS(PIPELINE_THREADS_MAX)

/* Called by the thread of this number, below threads (by the owner as thread 0 where there are none), on one slot. */
typedef enum status (*pipeline_work_fn)(void *arg, unsigned thread, size_t slot, struct error *err);

/* Called by the owner's thread, in order, for each slot whose work has succeeded. */
typedef enum status (*pipeline_take_fn)(void *arg, size_t slot, struct error *err);

struct pipeline {
	/* Set by the owner. It must not move in memory before pipeline_fini. */
	pipeline_work_fn work;
	pipeline_take_fn take;
	void *arg;
	unsigned threads;   /* PIPELINE_THREADS_MAX at most; up to 1: the owner's thread does the work itself */
	size_t stack_bytes; /* of each thread; 0: 256 KiB */
	/* The pipeline's own. */
	bool prepared;
	unsigned running;
	size_t slot_count;     /* slot n is n modulo this */
	size_t taken;          /* slots taken back so far; the owner's thread alone */
	pthread_mutex_t mutex; /* guards what follows */
	pthread_cond_t changed;
	size_t filled, begun;
	bool stopped;
	struct pipeline_slot {
		bool done;
		enum status st;
		struct error err; /* of st */
	} slots[PIPELINE_SLOTS_MAX];
	struct pipeline_thread {
		struct pipeline *pipeline;
		unsigned number;
		pthread_t id;
	} workers[PIPELINE_THREADS_MAX];
};

/* The zero state needs no fini. Starts no thread yet: the second slot that is submitted does. */
void pipeline_init(struct pipeline *pipeline);

/* The index of the slot to fill now, below PIPELINE_SLOTS_MAX: the same one until pipeline_submit. */
size_t pipeline_slot(const struct pipeline *pipeline);

/*
 * The slot is filled: work on it may begin. Takes back the slots whose work is done, and waits where no slot would be
 * free to fill. Anything but STATUS_OK is the first failure, in order, of work or take; then only pipeline_fini.
 */
enum status pipeline_submit(struct pipeline *pipeline, struct error *err);

/* Waits for all slots and takes them back; the threads end. More may not be submitted. */
enum status pipeline_finish(struct pipeline *pipeline, struct error *err);

/* Ends the threads, whatever they were at. Leaves the zero state. */
void pipeline_fini(struct pipeline *pipeline);

#endif
