#include "archive/push/push_ahead.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/push/pushed_marker.h"
#include "base/call.h"
#include "base/cleanup.h"
#include "base/path.h"
#include "job/limiter.h"
#include "pg/data/ready.h"
#include "repo/repository.h"
#include "repo/worker_pool.h"
#include "stream/codec/codec.h"
#include "sys/processors.h"

#define LAST_START_PART 4 /* nothing new is begun after this part of push-timeout: PostgreSQL waits */
#define LAST_END_PART 2   /* and after this part the file that was asked for has a slow network to itself */

struct batch {
	const struct push *push; /* of the file that was asked for */
	const struct pushed_markers *notes;
	struct ready_list ready;
	struct call call; /* with a silent log: whoever is asked for will say it */
	struct log log;
	struct limiter limiter; /* of all but the file that was asked for, which waits for nobody */
	int64_t last_start_ms;
	pthread_mutex_t mutex; /* guards what follows */
	size_t next;
	bool stopped;
};

/* The next one to push; false when there is none, or no time. */
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

/* One file that nobody asked for yet: room for its note, the push, the note. */
static enum status push_one(struct batch *batch, struct push *push, const char *name, const struct shipped *before,
			    struct error *err)
{
	struct shipped after;
	CLEANUP(fd_closep) int fd = -1;
	if (before->system_id != batch->notes->system_id || pushed_marker_is_there(batch->notes, name, before))
		return STATUS_OK;
	enum status st = pushed_marker_reserve(batch->notes, name, before, &fd, err);
	if (!st)
		st = push_file(push, &after, err);
	if (!st)
		st = pushed_marker_confirm(batch->notes, fd, &after, err);
	if (st)
		pushed_marker_forget(batch->notes, name);
	return st;
}

/*
 * Until there are no more. An outage, or a spool without room, ends it for all of them; a file that is not there, or is
 * damaged, does not.
 */
static void work(void *arg, const struct repository *repo)
{
	struct batch *batch = arg;
	const char *own = batch->push->path;
	struct wal_name name;
	while (take_next(batch, &name)) {
		char path[PATH_MAX];
		struct error err = {0};
		struct shipped before;
		struct push push = *batch->push;
		struct log_subject subject = {.wal_file = name.text};
		struct log log = log_about(&batch->log, &subject);
		struct call call = batch->call;
		call.log = &log;
		push.store = repo->store;
		push.call = &call;
		push.path = path;
		push.limiter = &batch->limiter;
		push.threads = 1; /* the processors are shared out by the limiter */
		(void)snprintf(path, sizeof path, "%.*s%s", (int)path_dir_len(own), own, name.text);
		enum status unfit = push_examine(&push, &before, &err);
		enum status st = unfit ? STATUS_OK : push_one(batch, &push, name.text, &before, &err);
		if (unfit || st)
			log_line(&log, LEVEL_INFO, "ahead of its time: %s", err.text);
		if (st == STATUS_UNREACHABLE || st == STATUS_LOCAL)
			stop(batch);
	}
}

static void batch_init(struct batch *batch, const struct push *push, const struct pushed_markers *notes)
{
	const struct call *call = push->call;
	int64_t now_ms = clock_monotonic_ms(call->clock);
	*batch = (struct batch){.push = push, .notes = notes, .call = *call};
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

/* What push_file would ask of the limiter; 0 when there is no such file, which push_file will say. */
static uint64_t own_bytes(const struct push *push)
{
	struct stat info;
	uint64_t size = stat(push->path, &info) == 0 ? (uint64_t)info.st_size : 0;
	return size < push->buffer_bytes ? size : push->buffer_bytes;
}

static enum status push_with_others(const struct push *push, const struct repository *repo,
				    const struct pushed_markers *notes, size_t files_max, struct error *err)
{
	struct batch batch;
	struct worker_pool pool = {.call = push->call, .work = work, .arg = &batch, .most = WORKER_POOL_CONNECTIONS};
	struct error ignored = {0};
	uint64_t taken = own_bytes(push);
	batch_init(&batch, push, notes);
	(void)ready_list_read(&batch.ready, push->path, files_max, &ignored);
	if (batch.ready.names != NULL)
		pushed_markers_sweep(notes, push->path);
	/* Its bytes count, but it neither waits nor takes a slot. */
	limiter_enter(&batch.limiter, taken);
	limiter_release_slot(&batch.limiter, 0);
	(void)worker_pool_start(&pool, batch.ready.count, repo);
	/* Alone it has all processors. */
	struct push own = *push;
	own.threads = batch.ready.count == 0 ? push->threads : 1;
	enum status st = push_file(&own, NULL, err);
	limiter_leave(&batch.limiter, taken, true);
	if (st == STATUS_UNREACHABLE || st == STATUS_LOCAL)
		stop(&batch);
	worker_pool_join(&pool);
	ready_list_fini(&batch.ready);
	limiter_fini(&batch.limiter);
	(void)pthread_mutex_destroy(&batch.mutex);
	return st;
}

/*
 * Whether the file has been pushed ahead of this call: then nothing is left to do. False, with a spool that notes can
 * be kept in, when it has not.
 */
static enum status look_into_spool(const struct push_ahead *ahead, struct pushed_markers *notes, bool *done,
				   bool *usable, struct error *err)
{
	struct shipped file;
	struct error trouble = {0};
	const struct push *push = &ahead->push;
	*done = *usable = false;
	enum status st = push_examine(push, &file, err);
	if (st)
		return st;
	*usable = pushed_markers_open(notes, ahead->settings, file.system_id, push->path, &trouble) == STATUS_OK;
	if (*usable)
		*done = pushed_marker_take(notes, path_name(push->path), &file);
	else
		log_line(push->call->log, LEVEL_WARNING, "push-ahead is off: %s", trouble.text);
	if (*done)
		log_line(push->call->log, LEVEL_INFO, "push %s: pushed ahead by an earlier call",
			 path_name(push->path));
	return STATUS_OK;
}

enum status push_ahead_run(const struct push_ahead *ahead, struct error *err)
{
	CLEANUP(repository_fini) struct repository repo = {0};
	struct pushed_markers notes;
	struct push push = ahead->push;
	const char *name = path_name(push.path);
	bool done = false, usable = false;
	enum status st = codec_check(push.codec, STATUS_USAGE, err);
	if (st)
		return error_wrap(err, st, "push %s: compress = %s", name, push.codec->name);
	if (ahead->files_max > 0) {
		st = look_into_spool(ahead, &notes, &done, &usable, err);
		if (st || done)
			return st;
	}
	st = repository_open(&repo, ahead->settings, push.call, err);
	if (st)
		return error_wrap(err, st, "push %s", name);
	push.store = repo.store;
	push.key = repo.encrypt ? &repo.keys.keys[0] : NULL;
	push.keys = &repo.keys;
	return usable ? push_with_others(&push, &repo, &notes, ahead->files_max, err) : push_file(&push, NULL, err);
}
