#include "job/pipeline.h"

#include "sys/thread.h"

#define STACK_BYTES (256UL * 1024)

void pipeline_init(struct pipeline *pipeline)
{
	if (pipeline->threads > PIPELINE_THREADS_MAX)
		pipeline->threads = PIPELINE_THREADS_MAX;
	if (pipeline->stack_bytes == 0)
		pipeline->stack_bytes = STACK_BYTES;
	pipeline->slot_count = PIPELINE_SLOTS(pipeline->threads);
	(void)pthread_mutex_init(&pipeline->mutex, NULL);
	(void)pthread_cond_init(&pipeline->changed, NULL);
	pipeline->prepared = true;
}

size_t pipeline_slot(const struct pipeline *pipeline)
{
	return pipeline->filled % pipeline->slot_count;
}

static struct pipeline_slot *slot_at(struct pipeline *pipeline, size_t number)
{
	return &pipeline->slots[number % pipeline->slot_count];
}

static void work_on(struct pipeline *pipeline, unsigned thread, size_t number)
{
	struct pipeline_slot *slot = slot_at(pipeline, number);
	slot->err = (struct error){0};
	slot->st = pipeline->work(pipeline->arg, thread, number % pipeline->slot_count, &slot->err);
}

static void *run(void *arg)
{
	struct pipeline_thread *worker = arg;
	struct pipeline *pipeline = worker->pipeline;
	(void)pthread_mutex_lock(&pipeline->mutex);
	while (!pipeline->stopped) {
		if (pipeline->begun == pipeline->filled) {
			(void)pthread_cond_wait(&pipeline->changed, &pipeline->mutex);
			continue;
		}
		size_t number = pipeline->begun++;
		(void)pthread_mutex_unlock(&pipeline->mutex);
		work_on(pipeline, worker->number, number);
		(void)pthread_mutex_lock(&pipeline->mutex);
		slot_at(pipeline, number)->done = true;
		(void)pthread_cond_broadcast(&pipeline->changed);
	}
	(void)pthread_mutex_unlock(&pipeline->mutex);
	return NULL;
}

/* As many as there are; without any, the owner does the work. */
static void start_threads(struct pipeline *pipeline)
{
	while (pipeline->threads > 1 && pipeline->running < pipeline->threads) {
		struct pipeline_thread *worker = &pipeline->workers[pipeline->running];
		*worker = (struct pipeline_thread){.pipeline = pipeline, .number = pipeline->running};
		if (!thread_start(&worker->id, pipeline->stack_bytes, run, worker))
			break;
		pipeline->running++;
	}
}

/* Whether the oldest slot can be taken back; waits for it if it must be. */
static bool is_ready(struct pipeline *pipeline, bool wait)
{
	struct pipeline_slot *slot = slot_at(pipeline, pipeline->taken);
	bool mine = false;
	(void)pthread_mutex_lock(&pipeline->mutex);
	if (wait && pipeline->running == 0 && pipeline->begun == pipeline->taken) {
		pipeline->begun++;
		mine = true;
	}
	while (!mine && wait && !slot->done)
		(void)pthread_cond_wait(&pipeline->changed, &pipeline->mutex);
	bool done = slot->done;
	(void)pthread_mutex_unlock(&pipeline->mutex);
	if (mine)
		work_on(pipeline, 0, pipeline->taken);
	return mine || done;
}

/* Takes back the slots that are ready, in order; all of them, or so many that another slot can be filled. */
static enum status take_back(struct pipeline *pipeline, bool all, struct error *err)
{
	while (pipeline->taken < pipeline->filled) {
		bool full = pipeline->filled - pipeline->taken == pipeline->slot_count;
		if (!is_ready(pipeline, all || full))
			break;
		const struct pipeline_slot *slot = slot_at(pipeline, pipeline->taken);
		if (slot->st) {
			*err = slot->err;
			return slot->st;
		}
		enum status st = pipeline->take(pipeline->arg, pipeline->taken % pipeline->slot_count, err);
		if (st)
			return st;
		pipeline->taken++;
	}
	return STATUS_OK;
}

enum status pipeline_submit(struct pipeline *pipeline, struct error *err)
{
	if (pipeline->filled == 1)
		start_threads(pipeline);
	(void)pthread_mutex_lock(&pipeline->mutex);
	slot_at(pipeline, pipeline->filled)->done = false;
	pipeline->filled++;
	(void)pthread_cond_broadcast(&pipeline->changed);
	(void)pthread_mutex_unlock(&pipeline->mutex);
	return take_back(pipeline, false, err);
}

static void stop_threads(struct pipeline *pipeline)
{
	(void)pthread_mutex_lock(&pipeline->mutex);
	pipeline->stopped = true;
	(void)pthread_cond_broadcast(&pipeline->changed);
	(void)pthread_mutex_unlock(&pipeline->mutex);
	while (pipeline->running > 0)
		(void)pthread_join(pipeline->workers[--pipeline->running].id, NULL);
}

enum status pipeline_finish(struct pipeline *pipeline, struct error *err)
{
	enum status st = take_back(pipeline, true, err);
	/* What comes now is waiting, for a disk or a store. */
	stop_threads(pipeline);
	return st;
}

void pipeline_fini(struct pipeline *pipeline)
{
	if (!pipeline->prepared)
		return;
	stop_threads(pipeline);
	(void)pthread_mutex_destroy(&pipeline->mutex);
	(void)pthread_cond_destroy(&pipeline->changed);
	*pipeline = (struct pipeline){0};
}
