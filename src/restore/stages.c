#include "restore/stages.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "console/measure.h"

#define COMPARE_RUNS 16                                                    /* of a task: up to 16 MiB */
#define TASK_FILES 256                                                     /* files without blocks, of a task */
#define THREAD_BYTES (FRAME_MAX + FRAME_CONTENT_BYTES + 2UL * 1024 * 1024) /* with what decoder and connection need */

struct thread {
	struct stages *stages;
	const struct repository *repo;
	struct target target;
	struct pack_buffers buffers;
	uint64_t done_bytes; /* of the task */
};

/* Called with the mutex held. */
static void fail(struct stages *stages, enum status st, const struct error *err)
{
	if (stages->failed)
		return;
	stages->failed = st;
	stages->err = *err;
}

static uint64_t bytes_of(const struct round *round, const struct round_run *run)
{
	uint64_t begin = run->block * PAGE_BYTES, end = begin + run->count * PAGE_BYTES,
		 size = round->files[run->file].size;
	return (end < size ? end : size) - begin;
}

static enum status compare(struct thread *thread, struct round *round, size_t task, struct error *err)
{
	size_t end = (task + 1) * COMPARE_RUNS;
	enum status st = STATUS_OK;
	for (size_t i = task * COMPARE_RUNS; !st && i < end && i < round->run_count; i++) {
		struct round_run *run = &round->runs[i];
		st = compare_run(&thread->target, thread->stages->hash, run, thread->buffers.content, err);
		thread->done_bytes += run->is_same ? bytes_of(round, run) : 0;
	}
	return st;
}

static enum status write_pack(struct thread *thread, const struct round *round, size_t task, struct error *err)
{
	const struct stages *stages = thread->stages;
	CLEANUP(pack_job_fini)
	struct pack_job job = {
	    .target = &thread->target, .pack = &round->packs[task], .manifest = stages->settings->manifest};
	enum status st = pack_job_plan(&job, stages->table, err);
	if (!st)
		st = pack_job_run(&job, thread->repo, stages->settings->call, &thread->buffers, err);
	for (size_t i = 0; i < job.pack->run_count; i++)
		thread->done_bytes += bytes_of(round, &round->runs[job.pack->first_run + i]);
	return st;
}

/* Creates the files without blocks, and sets the size of those that need none. */
static enum status set_files(struct thread *thread, struct round *round, size_t task, struct error *err)
{
	size_t end = (task + 1) * TASK_FILES;
	enum status st = STATUS_OK;
	for (size_t i = task * TASK_FILES; !st && i < end && i < round->file_count; i++)
		if (round->files[i].is_there || round->files[i].stored_runs == 0)
			st = target_open(&thread->target, &round->files[i], err);
	return st;
}

static enum status run_task(struct thread *thread, enum stage stage, struct round *round, size_t task,
			    struct error *err)
{
	enum status st;
	thread->target.round = round;
	if (stage == STAGE_COMPARE)
		st = compare(thread, round, task, err);
	else if (task < round->pack_count)
		st = write_pack(thread, round, task, err);
	else
		st = set_files(thread, round, task - round->pack_count, err);
	return st ? st : target_close(&thread->target, err);
}

/* Called with the mutex held. */
static void show_progress(struct stages *stages)
{
	char done_text[MEASURE_MAX], all_text[MEASURE_MAX], rate_text[MEASURE_MAX], left_text[MEASURE_MAX];
	if (!progress_is_due(&stages->progress))
		return;
	uint64_t done = stages->done_bytes, all = stages->settings->manifest->bytes;
	int64_t took_ms = clock_monotonic_ms(stages->settings->call->clock) - stages->began_ms;
	all = all > done ? all : done;
	measure_bytes(done, done_text);
	measure_bytes(all, all_text);
	measure_bytes(took_ms > 0 ? (uint64_t)((double)done * 1000 / (double)took_ms) : 0, rate_text);
	measure_seconds(done > 0 ? (int64_t)((double)took_ms / 1000 * (double)(all - done) / (double)done) : 0,
			left_text);
	progress_show(&stages->progress, "%3.0f %%, %s of %s, %s/s, %s left",
		      all > 0 ? 100 * (double)done / (double)all : 100.0, done_text, all_text, rate_text, left_text);
}

static bool take_task(struct stages *stages, size_t *task)
{
	while (!stages->closed && (stages->failed || stages->stage == STAGE_NONE || stages->next == stages->tasks))
		(void)pthread_cond_wait(&stages->changed, &stages->mutex);
	if (stages->closed)
		return false;
	*task = stages->next++;
	stages->busy++;
	return true;
}

static void run_tasks(struct thread *thread)
{
	struct stages *stages = thread->stages;
	size_t task;
	(void)pthread_mutex_lock(&stages->mutex);
	while (take_task(stages, &task)) {
		struct error err = {0};
		enum stage stage = stages->stage;
		struct round *round = stages->round;
		uint64_t written = thread->target.written;
		thread->done_bytes = 0;
		(void)pthread_mutex_unlock(&stages->mutex);
		enum status st = run_task(thread, stage, round, task, &err);
		(void)pthread_mutex_lock(&stages->mutex);
		if (st)
			fail(stages, st, &err);
		stages->busy--;
		stages->written_bytes += thread->target.written - written;
		stages->done_bytes += thread->done_bytes;
		show_progress(stages);
		(void)pthread_cond_broadcast(&stages->changed);
	}
	(void)pthread_mutex_unlock(&stages->mutex);
}

static void work(void *arg, const struct repository *repo)
{
	struct stages *stages = arg;
	struct thread thread = {.stages = stages, .repo = repo, .target = {.roots = stages->roots}};
	thread.buffers.frame = malloc(FRAME_MAX);
	thread.buffers.content = aligned_alloc(TARGET_DIRECT_ALIGN, FRAME_CONTENT_BYTES);
	if (thread.buffers.frame == NULL || thread.buffers.content == NULL) {
		struct error err;
		enum status st = error_set(&err, STATUS_LOCAL, "out of memory");
		(void)pthread_mutex_lock(&stages->mutex);
		fail(stages, st, &err);
		(void)pthread_cond_broadcast(&stages->changed);
		(void)pthread_mutex_unlock(&stages->mutex);
	} else {
		run_tasks(&thread);
	}
	target_fini(&thread.target);
	free(thread.buffers.frame);
	free(thread.buffers.content);
}

enum status stages_start(struct stages *stages, struct error *err)
{
	const struct tree_restore_settings *settings = stages->settings;
	uint64_t memory = settings->memory_bytes > 0 ? settings->memory_bytes : TREE_RESTORE_MEMORY_BYTES;
	size_t fit = (size_t)(memory / 2 / THREAD_BYTES);
	size_t threads = settings->threads < fit ? settings->threads : fit;
	(void)pthread_mutex_init(&stages->mutex, NULL);
	(void)pthread_cond_init(&stages->changed, NULL);
	stages->is_started = true;
	stages->began_ms = clock_monotonic_ms(settings->call->clock);
	progress_begin(&stages->progress, settings->terminal_fd, settings->call->clock);
	stages->pool = (struct worker_pool){
	    .call = settings->call, .work = work, .arg = stages, .most = threads > 0 ? threads : 1};
	return worker_pool_start(&stages->pool, stages->pool.most, settings->repo) > 0
		   ? STATUS_OK
		   : error_set(err, STATUS_LOCAL, "no thread can be started");
}

static size_t count_tasks(enum stage stage, const struct round *round)
{
	if (stage == STAGE_COMPARE)
		return (round->run_count + COMPARE_RUNS - 1) / COMPARE_RUNS;
	return round->pack_count + (round->file_count + TASK_FILES - 1) / TASK_FILES;
}

void stages_begin(struct stages *stages, enum stage stage, struct round *round)
{
	(void)pthread_mutex_lock(&stages->mutex);
	stages->stage = stage;
	stages->round = round;
	stages->next = 0;
	stages->tasks = count_tasks(stage, round);
	(void)pthread_cond_broadcast(&stages->changed);
	(void)pthread_mutex_unlock(&stages->mutex);
}

enum status stages_wait(struct stages *stages, struct error *err)
{
	(void)pthread_mutex_lock(&stages->mutex);
	while (stages->stage != STAGE_NONE && (stages->busy > 0 || (!stages->failed && stages->next < stages->tasks)))
		(void)pthread_cond_wait(&stages->changed, &stages->mutex);
	stages->stage = STAGE_NONE;
	enum status st = stages->failed;
	if (st)
		*err = stages->err;
	(void)pthread_mutex_unlock(&stages->mutex);
	return st;
}

void stages_count(struct stages *stages, uint64_t bytes)
{
	(void)pthread_mutex_lock(&stages->mutex);
	stages->done_bytes += bytes;
	(void)pthread_mutex_unlock(&stages->mutex);
}

void stages_end(struct stages *stages)
{
	if (!stages->is_started)
		return;
	(void)pthread_mutex_lock(&stages->mutex);
	stages->closed = true;
	(void)pthread_cond_broadcast(&stages->changed);
	(void)pthread_mutex_unlock(&stages->mutex);
	worker_pool_join(&stages->pool);
	progress_clear(&stages->progress);
	(void)pthread_cond_destroy(&stages->changed);
	(void)pthread_mutex_destroy(&stages->mutex);
	*stages = (struct stages){0};
}
