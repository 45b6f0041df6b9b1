#include "archive/push/push_ahead.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "archive/push/push_source.h"
#include "archive/push/pushed_marker.h"
#include "base/call.h"
#include "base/cleanup.h"
#include "base/path.h"
#include "job/limiter.h"
#include "pg/data/control.h"
#include "pg/data/ready.h"
#include "repo/placement.h"
#include "repo/repository.h"
#include "repo/worker_pool.h"
#include "stream/codec/codec.h"
#include "sys/processors.h"

#define LAST_START_PART 4 /* no push starts after a quarter of push-timeout: PostgreSQL waits */
#define LAST_END_PART 2   /* after half of it the file that the call asks for has a slow network to itself */

struct batch {
	const struct push *push; /* of the file that the call asks for */
	const struct pushed_markers *markers;
	struct ready_list ready;
	struct call call; /* with a quieter log: the own call for each file reports its failure */
	struct log log;
	struct limiter limiter; /* for the threads; the file that the call asks for never waits */
	int64_t last_start_ms;
	pthread_mutex_t mutex; /* guards what follows */
	size_t next;
	bool stopped;
};

/* False when no file is left, or no time. */
static bool take_next(struct batch *batch, struct wal_name *out)
{
	bool some;
	(void)pthread_mutex_lock(&batch->mutex);
	some = !batch->stopped && batch->next < batch->ready.count && !call_is_interrupted(&batch->call) &&
	       clock_monotonic_ms(batch->call.clock) < batch->last_start_ms;
	if (some)
		*out = batch->ready.names[batch->next++];
	(void)pthread_mutex_unlock(&batch->mutex);
	return some;
}

static void stop(struct batch *batch)
{
	(void)pthread_mutex_lock(&batch->mutex);
	batch->stopped = true;
	(void)pthread_mutex_unlock(&batch->mutex);
}

/* The marker's room is reserved first: a push that leaves no marker would be repeated. */
static enum status push_marked(const struct batch *batch, const struct push *push, const struct push_source *source,
			       struct error *err)
{
	const char *name = source->name.text;
	CLEANUP(fd_closep) int fd = -1;
	if (source->file.system_id != batch->markers->system_id ||
	    pushed_marker_is_there(batch->markers, name, &source->file))
		return STATUS_OK;
	enum status st = pushed_marker_reserve(batch->markers, name, &source->file, &fd, err);
	if (!st)
		st = push_source_send(source, push, err);
	if (!st)
		st = pushed_marker_confirm(batch->markers, name, &source->file, fd, err);
	if (st)
		pushed_marker_forget(batch->markers, name);
	return st;
}

/* A missing or damaged file is left to its own call. An outage, or a spool without room, stops all threads. */
static void push_ready(struct batch *batch, const struct push *push)
{
	CLEANUP(push_source_close) struct push_source source = {0};
	struct error err = {0};
	enum status unfit = push_source_open(&source, push, &err);
	enum status st = unfit ? STATUS_OK : push_marked(batch, push, &source, &err);
	if (unfit || st)
		log_line(push->call->log, LEVEL_INFO, "push-ahead failed: %s", err.text);
	if (st == STATUS_UNREACHABLE || st == STATUS_LOCAL)
		stop(batch);
}

static void work(void *arg, const struct repository *repo)
{
	struct batch *batch = arg;
	const char *own = batch->push->path;
	struct wal_name name;
	while (take_next(batch, &name)) {
		char path[PATH_MAX];
		struct push push = *batch->push;
		struct log_subject subject = {.wal_file = name.text};
		struct log log = log_about(&batch->log, &subject);
		struct call call = batch->call;
		call.log = &log;
		push.store = repo->store;
		push.call = &call;
		push.path = path;
		push.limiter = &batch->limiter;
		push.compare_ms = 0; /* PostgreSQL waits: the file's own call compares */
		push.threads = 1;    /* the limiter shares out the processors */
		(void)snprintf(path, sizeof path, "%.*s%s", (int)path_dir_len(own), own, name.text);
		push_ready(batch, &push);
	}
}

static void batch_init(struct batch *batch, const struct push *push, const struct pushed_markers *markers)
{
	const struct call *call = push->call;
	int64_t now_ms = clock_monotonic_ms(call->clock);
	*batch = (struct batch){.push = push, .markers = markers, .call = *call};
	if (call->log != NULL)
		batch->log = *call->log;
	if (batch->log.level == LEVEL_WARNING)
		batch->log.level = LEVEL_ERROR;
	batch->call.log = &batch->log;
	batch->last_start_ms = now_ms + (call->deadline_ms - now_ms) / LAST_START_PART;
	batch->call.deadline_ms = now_ms + (call->deadline_ms - now_ms) / LAST_END_PART;
	limiter_init(&batch->limiter, processors_count(), WORKER_POOL_BUFFERS_BYTES);
	(void)pthread_mutex_init(&batch->mutex, NULL);
}

/* Pushes the open file, and beside it, in threads, the next ready files. */
static enum status push_with_others(const struct push_ahead *ahead, const struct push *push,
				    const struct push_source *source, const struct repository *repo,
				    const struct pushed_markers *markers, struct error *err)
{
	struct batch batch;
	struct worker_pool pool = {.call = push->call, .work = work, .arg = &batch, .most = WORKER_POOL_CONNECTIONS};
	struct error ignored = {0};
	uint64_t taken = source->file.size < push->buffer_bytes ? source->file.size : push->buffer_bytes;
	batch_init(&batch, push, markers);
	(void)ready_list_read(&batch.ready, push->path, ahead->files_max, &ignored);
	if (batch.ready.names != NULL)
		pushed_markers_sweep(markers, push->path);
	/* The bytes of the file that the call asks for count, but its push neither waits nor takes a slot. */
	limiter_enter(&batch.limiter, taken);
	limiter_release_slot(&batch.limiter, 0);
	(void)worker_pool_start(&pool, batch.ready.count, repo);
	/* Without others it may use all processors. */
	struct push own = *push;
	own.threads = batch.ready.count == 0 ? push->threads : 1;
	enum status st = push_source_send(source, &own, err);
	limiter_leave(&batch.limiter, taken, true);
	if (st == STATUS_UNREACHABLE || st == STATUS_LOCAL)
		stop(&batch);
	worker_pool_join(&pool);
	ready_list_fini(&batch.ready);
	limiter_fini(&batch.limiter);
	(void)pthread_mutex_destroy(&batch.mutex);
	return st;
}

static bool is_of_backup(const char *path)
{
	struct wal_name name;
	struct error ignored;
	return wal_name_parse(&name, path_name(path), &ignored) == STATUS_OK && name.kind == WAL_BACKUP;
}

/*
 * Such a repository is lost with the data directory. The first push, which makes the directory of the markers, warns of
 * it, and the push of each .backup file, also without push-ahead.
 */
static void warn_of_place(const struct push_ahead *ahead, const struct log *log)
{
	struct data_directory directory;
	struct error ignored = {0}, trouble = {0};
	if (data_directory_find(&directory, ahead->push.pg_data, ahead->push.path, &ignored) || !directory.known)
		return;
	if (placement_check_repository(ahead->settings, directory.path, &trouble) ||
	    placement_check_spool(ahead->settings->spool, directory.path, &trouble))
		log_line(log, LEVEL_WARNING, "%s; %s", trouble.text, trouble.hint);
}

/* Whether the file has a pushed marker: then nothing is left to do. *usable: the spool can have markers. */
static bool is_answered(const struct push_ahead *ahead, const struct push_source *source,
			struct pushed_markers *markers, bool *usable)
{
	struct error trouble = {0};
	const struct push *push = &ahead->push;
	const struct pushed_marker_place place = {ahead->settings, push->call->clock, source->file.system_id,
						  push->path, push->compare_ms};
	*usable = pushed_markers_open(markers, &place, &trouble) == STATUS_OK;
	if (!*usable)
		log_line(push->call->log,
			 spool_trouble_is_news(ahead->settings->spool, SPOOL_MEMORY, &trouble) ? LEVEL_WARNING
											       : LEVEL_INFO,
			 "push-ahead is off: %s", trouble.text);
	if (*usable && markers->is_new && !is_of_backup(push->path))
		warn_of_place(ahead, push->call->log);
	if (!*usable || !pushed_marker_take(markers, source->name.text, &source->file))
		return false;
	log_line(push->call->log, LEVEL_INFO, "push %s: pushed ahead by an earlier call", source->name.text);
	return true;
}

static enum status push_alone(const struct push *push, const struct push_source *source, struct error *err)
{
	return source->is_open ? push_source_send(source, push, err) : push_file(push, err);
}

enum status push_ahead_run(const struct push_ahead *ahead, struct error *err)
{
	CLEANUP(repository_fini) struct repository repo = {0};
	CLEANUP(push_source_close) struct push_source source = {0};
	struct pushed_markers markers;
	struct push push = ahead->push;
	bool usable = false;
	enum status st = codec_check(push.codec, STATUS_USAGE, err);
	if (st)
		return error_wrap(err, st, "push %s: compress = %s", path_name(push.path), push.codec->name);
	if (is_of_backup(push.path))
		warn_of_place(ahead, push.call->log);
	if (ahead->files_max > 0) {
		st = push_source_open(&source, &push, err);
		if (st || is_answered(ahead, &source, &markers, &usable))
			return st;
	}
	st = repository_open(&repo, ahead->settings, push.call, err);
	if (st)
		return error_wrap(err, st, "push %s", path_name(push.path));
	push.store = repo.store;
	push.key = repo.encrypt ? &repo.keys.keys[0] : NULL;
	push.keys = &repo.keys;
	return usable ? push_with_others(ahead, &push, &source, &repo, &markers, err) : push_alone(&push, &source, err);
}
