#include "catalog/header_scan.h"

#include <stdio.h>
#include <string.h>

#include "catalog/drill_name.h"
#include "catalog/dump_label.h"
#include "job/queue.h"
#include "pg/wal/part_name.h"
#include "repo/set_aside.h"
#include "repo/worker_pool.h"

struct item {
	char name[HEADER_SCAN_NAME_MAX];
	uint64_t bytes;
	int64_t modified_s;
};

struct scan {
	const struct call *call;
	header_found_fn report;
	void *arg;
	struct queue queue; /* its mutex also guards the calls of report */
	struct item items[QUEUE_ITEMS];
};

bool header_scan_is_own(const char *name)
{
	uint64_t system_id;
	struct wal_name parsed;
	struct backup_object backup;
	struct dump_object dump;
	struct drill_name drill;
	struct wal_part part;
	return wal_object_parse(name, &system_id, &parsed) || backup_object_parse(&backup, name) ||
	       dump_object_parse(&dump, name) || drill_name_parse(&drill, name) ||
	       wal_part_parse(name, &system_id, &part) || set_aside_is_mark(name);
}

static enum status look(const struct scan *scan, const struct repository *repo, const struct item *item,
			struct header_found *found, struct error *why, struct error *err)
{
	uint8_t bytes[HEADER_BYTES];
	size_t len = sizeof bytes;
	const struct call step = call_step(scan->call);
	enum status st = store_read_first(repo->store, &step, item->name, bytes, &len, err);
	if (st == STATUS_EXISTS) {
		*why = *err;
		found->status = st;
		return STATUS_OK;
	}
	if (st)
		return st;
	found->status = header_read(&found->header, bytes, len, &found->newer, why);
	if (!found->status && item->bytes < OBJECT_MIN)
		found->status = error_set(why, STATUS_DAMAGED, "cut off: %llu bytes, without a tag",
					  (unsigned long long)item->bytes);
	return STATUS_OK;
}

static void work(void *arg, const struct repository *repo)
{
	struct scan *scan = arg;
	struct queue *queue = &scan->queue;
	struct item item;
	(void)pthread_mutex_lock(&queue->mutex);
	while (queue_take(queue, &item)) {
		struct error err = {0}, why = {0};
		struct header_found found = {
		    .name = item.name, .bytes = item.bytes, .modified_s = item.modified_s, .reason = why.text};
		(void)pthread_mutex_unlock(&queue->mutex);
		enum status st = look(scan, repo, &item, &found, &why, &err);
		(void)pthread_mutex_lock(&queue->mutex);
		if (!st && !queue->failed)
			st = scan->report(scan->arg, &found, &err);
		if (st && st != STATUS_MISSING)
			queue_fail(queue, st, &err);
	}
	(void)pthread_mutex_unlock(&queue->mutex);
}

/* Called with the mutex held. */
static enum status report_foreign(struct scan *scan, const struct object_info *info, struct error *err)
{
	const struct header_found found = {.name = info->name,
					   .bytes = info->bytes,
					   .modified_s = info->modified_s,
					   .status = STATUS_CONFLICT,
					   .reason = "not walship's name"};
	enum status st = queue_failed(&scan->queue, err);
	return st ? st : scan->report(scan->arg, &found, err);
}

static enum status put_own(struct scan *scan, const struct object_info *info, struct error *err)
{
	struct item item = {.bytes = info->bytes, .modified_s = info->modified_s};
	(void)snprintf(item.name, sizeof item.name, "%s", info->name);
	return queue_put(&scan->queue, &item, err);
}

static enum status on_object(void *arg, const struct object_info *info, struct error *err)
{
	struct scan *scan = arg;
	(void)pthread_mutex_lock(&scan->queue.mutex);
	enum status st = header_scan_is_own(info->name) ? put_own(scan, info, err) : report_foreign(scan, info, err);
	(void)pthread_mutex_unlock(&scan->queue.mutex);
	return st;
}

static void end(struct worker_pool *pool, struct queue *queue, enum status st, const struct error *err)
{
	(void)pthread_mutex_lock(&queue->mutex);
	if (st)
		queue_fail(queue, st, err);
	(void)pthread_mutex_unlock(&queue->mutex);
	queue_close(queue);
	worker_pool_join(pool);
}

enum status header_scan(const struct call *call, const struct repository *repo, const char *prefix,
			header_found_fn report, void *arg, struct error *err)
{
	struct scan scan = {.call = call, .report = report, .arg = arg};
	struct worker_pool pool = {.call = call, .work = work, .arg = &scan, .most = WORKER_POOL_CONNECTIONS};
	enum status st = STATUS_OK;
	queue_init(&scan.queue, scan.items, sizeof scan.items[0]);
	/* One thread is enough. */
	if (worker_pool_start(&pool, WORKER_POOL_CONNECTIONS, repo) == 0)
		st = error_set(err, STATUS_LOCAL, "no thread can be started");
	if (!st)
		st = store_list(repo->store, call, prefix, on_object, &scan, err);
	end(&pool, &scan.queue, st, err);
	st = queue_failed(&scan.queue, err);
	queue_fini(&scan.queue);
	return st;
}
