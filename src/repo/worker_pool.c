#include "repo/worker_pool.h"

#include <stdlib.h>

#include "sys/thread.h"

#define STACK_BYTES (1024UL * 1024) /* jansson recurses 2048 levels deep when a thread renews its credentials */

static void *work(void *arg)
{
	struct worker *member = arg;
	member->pool->work(member->pool->arg, &member->repo);
	return NULL;
}

static void start(struct worker *member, struct worker_pool *pool, const struct repository *repo)
{
	struct error err = {0};
	member->pool = pool;
	enum status st = repository_join(&member->repo, repo, &err);
	if (st)
		log_line(pool->call->log, LEVEL_INFO, "cannot start another worker: %s", err.text);
	else
		member->running = thread_start(&member->thread, STACK_BYTES, work, member);
}

size_t worker_pool_start(struct worker_pool *pool, size_t wanted, const struct repository *repo)
{
	size_t count = wanted < pool->most ? wanted : pool->most;
	size_t running = 0;
	pool->members = calloc(count, sizeof *pool->members);
	pool->count = pool->members == NULL ? 0 : count;
	if (pool->count < count)
		log_line(pool->call->log, LEVEL_INFO, "cannot start workers: out of memory");
	for (size_t i = 0; i < pool->count; i++) {
		start(&pool->members[i], pool, repo);
		running += pool->members[i].running;
	}
	return running;
}

void worker_pool_join(struct worker_pool *pool)
{
	for (size_t i = 0; i < pool->count; i++) {
		if (pool->members[i].running)
			(void)pthread_join(pool->members[i].thread, NULL);
		repository_fini(&pool->members[i].repo);
	}
	free(pool->members);
	pool->members = NULL;
	pool->count = 0;
}
