/* A pool of threads, each with its own connection to the repository, so that round trips overlap. */
#ifndef WALSHIP_REPO_WORKER_POOL_H
#define WALSHIP_REPO_WORKER_POOL_H

#include <pthread.h>

#include "repo/repository.h"

#define WORKER_POOL_CONNECTIONS 8 /* pool size for work that waits for round trips */
#define WORKER_POOL_BUFFERS_BYTES                                                                                      \
	(48UL * 1024 * 1024) /* limit for the buffers of all objects in transfer, for a limiter */

struct worker_pool;

struct worker {
	struct worker_pool *pool;
	struct repository repo;
	pthread_t thread;
	bool running;
};

/* The owner sets the first four fields. The pool must not move between start and join. */
struct worker_pool {
	const struct call *call;
	void (*work)(void *arg, const struct repository *repo); /* the body of each thread */
	void *arg;
	size_t most;
	struct worker *members; /* owned by the pool from start to join */
	size_t count;
};

/*
 * Starts up to `wanted` threads, at most pool->most, each with its own connection joined to repo, which must outlive
 * the pool. Threads that cannot be started are logged and skipped. Returns the number of running threads.
 */
size_t worker_pool_start(struct worker_pool *pool, size_t wanted, const struct repository *repo);

/* Waits until all threads have ended. A pool that was never started is allowed. */
void worker_pool_join(struct worker_pool *pool);

#endif
