/* Threads that work side by side, each with a connection of its own: round trips are waited for together. */
#ifndef WALSHIP_REPO_WORKER_POOL_H
#define WALSHIP_REPO_WORKER_POOL_H

#include <pthread.h>

#include "repo/repository.h"

#define WORKER_POOL_CONNECTIONS 8                      /* for those who wait for round trips */
#define WORKER_POOL_BUFFERS_BYTES (48UL * 1024 * 1024) /* of objects on their way, all together: for a limiter */

struct worker_pool;

struct worker {
	struct worker_pool *pool;
	struct repository repo;
	pthread_t thread;
	bool running;
};

/* Set by the owner: the first four. It must not move in memory between start and join. */
struct worker_pool {
	const struct call *call;
	void (*work)(void *arg, const struct repository *repo); /* all that one thread does */
	void *arg;
	size_t most;
	struct worker *members; /* owned, from start to join */
	size_t count;
};

/*
 * As many as wanted, most at most. session is joined, and must outlive them. What cannot be started, for want of
 * memory say, is missing, and the log says so. How many run.
 */
size_t worker_pool_start(struct worker_pool *pool, size_t wanted, const struct repository *repo);

/* Waits until each has ended. For a worker pool that was never started, too. */
void worker_pool_join(struct worker_pool *pool);

#endif
