#include "command/header_scan.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "command/crew.h"
#include "wal/name.h"

#define QUEUE 64 /* so that no worker waits for the page's next name */

struct item {
	char name[HEADER_SCAN_NAME_MAX];
	uint64_t bytes;
	int64_t modified_s;
};

struct scan {
	const struct command_context *context;
	header_found_fn tell;
	void *arg;
	pthread_mutex_t mutex; /* guards what follows, and the calls of tell */
	pthread_cond_t changed;
	struct item queue[QUEUE];
	size_t first, count;
	bool listed; /* nothing more comes */
	enum status failed;
	struct error err; /* of failed */
};

bool header_scan_is_own(const char *name)
{
	uint64_t system_id;
	struct wal_name parsed;
	return wal_object_parse(name, &system_id, &parsed);
}

/* The first failure stands. */
static void fail(struct scan *scan, enum status st, const struct error *err)
{
	if (!scan->failed) {
		scan->failed = st;
		scan->err = *err;
	}
	(void)pthread_cond_broadcast(&scan->changed);
}

static enum status look(const struct scan *scan, const struct session *session, const struct item *item,
			struct header_found *found, struct error *why, struct error *err)
{
	uint8_t bytes[SEAL_HEADER_BYTES];
	size_t len = sizeof bytes;
	const struct call step = call_step(scan->context->call);
	enum status st = store_read_first(session->store, &step, item->name, bytes, &len, err);
	if (st == STATUS_EXISTS) {
		*why = *err;
		found->status = st;
		return STATUS_OK;
	}
	if (st)
		return st;
	found->status = seal_header_read(&found->header, bytes, len, why);
	if (!found->status && item->bytes < SEAL_OBJECT_MIN)
		found->status =
		    error_set(why, STATUS_DAMAGED, "cut off: %llu bytes, and no tag", (unsigned long long)item->bytes);
	return STATUS_OK;
}

/* False when there is none, and none will come. */
static bool take(struct scan *scan, struct item *out)
{
	bool some;
	(void)pthread_mutex_lock(&scan->mutex);
	while (scan->count == 0 && !scan->listed && !scan->failed)
		(void)pthread_cond_wait(&scan->changed, &scan->mutex);
	some = scan->count > 0 && !scan->failed;
	if (some) {
		*out = scan->queue[scan->first];
		scan->first = (scan->first + 1) % QUEUE;
		scan->count--;
		(void)pthread_cond_broadcast(&scan->changed);
	}
	(void)pthread_mutex_unlock(&scan->mutex);
	return some;
}

static void work(void *arg, const struct session *session)
{
	struct scan *scan = arg;
	struct item item;
	while (take(scan, &item)) {
		struct error err = {0}, why = {0};
		struct header_found found = {
		    .name = item.name, .bytes = item.bytes, .modified_s = item.modified_s, .reason = why.text};
		enum status st = look(scan, session, &item, &found, &why, &err);
		(void)pthread_mutex_lock(&scan->mutex);
		if (!st && !scan->failed)
			st = scan->tell(scan->arg, &found, &err);
		if (st && st != STATUS_MISSING)
			fail(scan, st, &err);
		(void)pthread_mutex_unlock(&scan->mutex);
	}
}

/* The listing's side: waits while the queue is full. */
static enum status put(void *arg, const struct object_info *info, struct error *err)
{
	struct scan *scan = arg;
	enum status st = STATUS_OK;
	(void)pthread_mutex_lock(&scan->mutex);
	while (scan->count == QUEUE && !scan->failed)
		(void)pthread_cond_wait(&scan->changed, &scan->mutex);
	if (scan->failed) {
		*err = scan->err;
		st = scan->failed;
	} else if (!header_scan_is_own(info->name)) {
		const struct header_found found = {.name = info->name,
						   .bytes = info->bytes,
						   .modified_s = info->modified_s,
						   .status = STATUS_CONFLICT,
						   .reason = "not walship's name"};
		st = scan->tell(scan->arg, &found, err);
	} else {
		struct item *item = &scan->queue[(scan->first + scan->count++) % QUEUE];
		(void)snprintf(item->name, sizeof item->name, "%s", info->name);
		item->bytes = info->bytes;
		item->modified_s = info->modified_s;
		(void)pthread_cond_broadcast(&scan->changed);
	}
	(void)pthread_mutex_unlock(&scan->mutex);
	return st;
}

static void end(struct crew *crew, struct scan *scan, enum status st, const struct error *err)
{
	(void)pthread_mutex_lock(&scan->mutex);
	scan->listed = true;
	if (st)
		fail(scan, st, err);
	(void)pthread_cond_broadcast(&scan->changed);
	(void)pthread_mutex_unlock(&scan->mutex);
	crew_join(crew);
}

enum status header_scan(const struct command_context *context, const struct session *session, const char *prefix,
			header_found_fn tell, void *arg, struct error *err)
{
	struct scan scan = {.context = context, .tell = tell, .arg = arg};
	struct crew crew = {.context = context, .work = work, .arg = &scan};
	enum status st = STATUS_OK;
	(void)pthread_mutex_init(&scan.mutex, NULL);
	(void)pthread_cond_init(&scan.changed, NULL);
	/* One is enough. */
	if (crew_start(&crew, CREW_MAX, session) == 0)
		st = error_set(err, STATUS_LOCAL, "no thread can be started");
	if (!st)
		st = store_list(session->store, context->call, prefix, put, &scan, err);
	end(&crew, &scan, st, err);
	if (scan.failed)
		*err = scan.err;
	(void)pthread_cond_destroy(&scan.changed);
	(void)pthread_mutex_destroy(&scan.mutex);
	return scan.failed;
}
