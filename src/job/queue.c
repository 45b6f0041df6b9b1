#include "job/queue.h"

#include <string.h>

void queue_init(struct queue *queue, void *items, size_t item_bytes)
{
	*queue = (struct queue){.items = items, .item_bytes = item_bytes};
	(void)pthread_mutex_init(&queue->mutex, NULL);
	(void)pthread_cond_init(&queue->changed, NULL);
}

void queue_fini(struct queue *queue)
{
	(void)pthread_cond_destroy(&queue->changed);
	(void)pthread_mutex_destroy(&queue->mutex);
}

void queue_close(struct queue *queue)
{
	(void)pthread_mutex_lock(&queue->mutex);
	queue->closed = true;
	(void)pthread_cond_broadcast(&queue->changed);
	(void)pthread_mutex_unlock(&queue->mutex);
}

void queue_fail(struct queue *queue, enum status st, const struct error *err)
{
	if (!queue->failed) {
		queue->failed = st;
		queue->err = *err;
	}
	(void)pthread_cond_broadcast(&queue->changed);
}

enum status queue_failed(const struct queue *queue, struct error *err)
{
	if (queue->failed)
		*err = queue->err;
	return queue->failed;
}

static void *item_at(const struct queue *queue, size_t number)
{
	return (char *)queue->items + number % QUEUE_ITEMS * queue->item_bytes;
}

enum status queue_put(struct queue *queue, const void *item, struct error *err)
{
	while (queue->count == QUEUE_ITEMS && !queue->failed)
		(void)pthread_cond_wait(&queue->changed, &queue->mutex);
	if (queue->failed)
		return queue_failed(queue, err);
	memcpy(item_at(queue, queue->first + queue->count++), item, queue->item_bytes);
	(void)pthread_cond_broadcast(&queue->changed);
	return STATUS_OK;
}

bool queue_take(struct queue *queue, void *out)
{
	while (queue->count == 0 && !queue->closed && !queue->failed)
		(void)pthread_cond_wait(&queue->changed, &queue->mutex);
	if (queue->count == 0 || queue->failed)
		return false;
	memcpy(out, item_at(queue, queue->first++), queue->item_bytes);
	queue->count--;
	(void)pthread_cond_broadcast(&queue->changed);
	return true;
}
