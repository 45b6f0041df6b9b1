#include "mirror/copier.h"

#define LOCAL_FAILURES_MAX 16 /* in a row: then this machine is at fault, not one object */

/* An object that fits into the buffer takes its own size, and a larger one all of the buffer. */
static uint64_t buffer_bytes(const struct copier *copier, const struct mirror_entry *entry)
{
	uint64_t most = copier->params->buffer_bytes;
	return entry->bytes < most ? entry->bytes : most;
}

/* With the mutex held. */
static void settle(struct copier *copier, const struct mirror_entry *entry, enum status st,
		   enum transfer_outcome outcome, struct error *trouble)
{
	struct error err = {0};
	bool is_local = !st && outcome == TRANSFER_UNREADABLE;
	copier->local_failures = is_local ? copier->local_failures + 1 : 0;
	if (copier->local_failures == LOCAL_FAILURES_MAX)
		st = STATUS_LOCAL;
	if (st) {
		(void)error_wrap(trouble, st, "%s", entry->name);
		queue_fail(&copier->queue, st, trouble);
	} else {
		copier->failed += outcome != TRANSFER_COPIED && outcome != TRANSFER_PRESENT;
		st = report_outcome(&copier->report, entry, outcome, trouble, &err);
		if (st)
			queue_fail(&copier->queue, st, &err);
	}
	copier->pending--;
	(void)pthread_cond_broadcast(&copier->queue.changed);
}

static void work(void *arg, const struct repository *repo)
{
	struct copier *copier = arg;
	struct mirror_entry entry;
	(void)pthread_mutex_lock(&copier->queue.mutex);
	const struct repository *copy = &copier->copies[copier->taken++];
	while (queue_take(&copier->queue, &entry)) {
		struct error trouble = {0};
		enum transfer_outcome outcome = TRANSFER_GONE;
		const struct transfer transfer = {.original = repo,
						  .copy = copy,
						  .call = copier->params->call,
						  .entry = &entry,
						  .open = copier->params->open};
		(void)pthread_mutex_unlock(&copier->queue.mutex);
		limiter_enter(&copier->limiter, buffer_bytes(copier, &entry));
		enum status st = transfer_object(&transfer, &outcome, &trouble);
		limiter_leave(&copier->limiter, buffer_bytes(copier, &entry), false);
		(void)pthread_mutex_lock(&copier->queue.mutex);
		settle(copier, &entry, st, outcome, &trouble);
	}
	(void)pthread_mutex_unlock(&copier->queue.mutex);
}

enum status copier_start(struct copier *copier, const struct mirror_params *params, const struct repository *original,
			 const struct repository *copy, struct error *err)
{
	size_t threads = params->one_by_one ? 1 : WORKER_POOL_CONNECTIONS;
	*copier = (struct copier){.params = params,
				  .pool = {.call = params->call, .work = work, .arg = copier, .most = threads}};
	queue_init(&copier->queue, copier->entries, sizeof copier->entries[0]);
	limiter_init(&copier->limiter, (unsigned)threads, WORKER_POOL_BUFFERS_BYTES);
	report_begin(&copier->report, params);
	if (params->dry_run)
		return STATUS_OK;
	for (; copier->copy_count < threads; copier->copy_count++) {
		enum status st = repository_join(&copier->copies[copier->copy_count], copy, err);
		if (st)
			return error_wrap(err, st, "the copy");
	}
	return worker_pool_start(&copier->pool, threads, original) > 0
		   ? STATUS_OK
		   : error_set(err, STATUS_LOCAL, "no thread can be started");
}

void copier_fini(struct copier *copier)
{
	static const struct error stopped = {.text = "the copying was stopped"};
	if (copier->params == NULL)
		return;
	(void)pthread_mutex_lock(&copier->queue.mutex);
	if (copier->pending > 0)
		queue_fail(&copier->queue, STATUS_UNKNOWN, &stopped);
	(void)pthread_mutex_unlock(&copier->queue.mutex);
	queue_close(&copier->queue);
	worker_pool_join(&copier->pool);
	for (size_t i = 0; i < copier->copy_count; i++)
		repository_fini(&copier->copies[i]);
	progress_clear(&copier->report.progress);
	limiter_fini(&copier->limiter);
	queue_fini(&copier->queue);
}

enum status copier_put(struct copier *copier, const struct mirror_entry *entry, struct error *err)
{
	(void)pthread_mutex_lock(&copier->queue.mutex);
	enum status st = report_lacking(&copier->report, entry, err);
	if (!st && !copier->params->dry_run) {
		copier->pending++;
		st = queue_put(&copier->queue, entry, err);
	}
	(void)pthread_mutex_unlock(&copier->queue.mutex);
	return st;
}

enum status copier_refuse(struct copier *copier, const struct mirror_entry *entry, enum transfer_outcome outcome,
			  const struct error *trouble, struct error *err)
{
	(void)pthread_mutex_lock(&copier->queue.mutex);
	copier->failed++;
	enum status st = report_outcome(&copier->report, entry, outcome, trouble, err);
	(void)pthread_mutex_unlock(&copier->queue.mutex);
	return st;
}

void copier_look(struct copier *copier)
{
	(void)pthread_mutex_lock(&copier->queue.mutex);
	copier->report.looked++;
	report_progress(&copier->report);
	(void)pthread_mutex_unlock(&copier->queue.mutex);
}

enum status copier_drain(struct copier *copier, size_t *failed, struct error *err)
{
	(void)pthread_mutex_lock(&copier->queue.mutex);
	while (copier->pending > 0 && !copier->queue.failed)
		(void)pthread_cond_wait(&copier->queue.changed, &copier->queue.mutex);
	enum status st = queue_failed(&copier->queue, err);
	*failed = copier->failed;
	copier->failed = 0;
	(void)pthread_mutex_unlock(&copier->queue.mutex);
	return st;
}
