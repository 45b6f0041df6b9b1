#include "job/limiter.h"

#include <stddef.h>

void limiter_init(struct limiter *limiter, unsigned slots, uint64_t bytes)
{
	*limiter = (struct limiter){.slots = slots, .bytes = (int64_t)bytes};
	(void)pthread_mutex_init(&limiter->mutex, NULL);
	(void)pthread_cond_init(&limiter->changed, NULL);
}

void limiter_fini(struct limiter *limiter)
{
	(void)pthread_mutex_destroy(&limiter->mutex);
	(void)pthread_cond_destroy(&limiter->changed);
}

void limiter_enter(struct limiter *limiter, uint64_t bytes)
{
	if (limiter == NULL)
		return;
	(void)pthread_mutex_lock(&limiter->mutex);
	while (limiter->inside > 0 && (limiter->slots <= 0 || limiter->bytes < (int64_t)bytes))
		(void)pthread_cond_wait(&limiter->changed, &limiter->mutex);
	limiter->inside++;
	limiter->slots--;
	limiter->bytes -= (int64_t)bytes;
	(void)pthread_mutex_unlock(&limiter->mutex);
}

static void release(struct limiter *limiter, uint64_t bytes, bool slot, bool leaves)
{
	if (limiter == NULL)
		return;
	(void)pthread_mutex_lock(&limiter->mutex);
	limiter->bytes += (int64_t)bytes;
	limiter->slots += slot;
	limiter->inside -= leaves;
	(void)pthread_cond_broadcast(&limiter->changed);
	(void)pthread_mutex_unlock(&limiter->mutex);
}

void limiter_release_slot(struct limiter *limiter, uint64_t bytes)
{
	release(limiter, bytes, true, false);
}

void limiter_leave(struct limiter *limiter, uint64_t bytes, bool slot_released)
{
	release(limiter, bytes, !slot_released, true);
}
