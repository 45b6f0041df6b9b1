#include "archive/backfill/backfill.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "archive/backfill/missing.h"
#include "archive/push/push_source.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "console/print.h"
#include "format/frame.h"
#include "job/limiter.h"
#include "pg/data/control.h"
#include "pg/wal/segment_check.h"
#include "repo/repository.h"
#include "repo/worker_pool.h"
#include "stream/codec/codec.h"
#include "sys/processors.h"

#define OUTAGES_MOST (2 * WORKER_POOL_CONNECTIONS) /* in a row, each retried for push-timeout: the store is down */

struct backfill {
	const struct backfill_request *request;
	const struct repository *repo;
	const char *data; /* the data directory */
	char pg_wal[PATH_MAX];
	uint64_t system_id;
	struct finished_list list;
	struct missing missing; /* stored is also set while a thread pushes the file */
	bool together;          /* threads run: a push that lacks memory or descriptors is put off */
	struct push push;       /* the fields that all pushes share */
	struct limiter limiter;
	pthread_mutex_t mutex; /* guards the fields below, and the output */
	size_t next, pushed, failed, outages;
	enum status worst;
	struct error printing; /* why output failed */
	enum status print_status;
};

static void backfill_fini(struct backfill *backfill)
{
	finished_list_fini(&backfill->list);
	missing_fini(&backfill->missing);
}

/*
 * Which files, and of which cluster.
 */

static enum status find_files(struct backfill *backfill, struct data_directory *directory, struct error *err)
{
	enum status st = cluster_id_find(&backfill->request->cluster, NULL, directory, &backfill->system_id, err);
	if (st)
		return st;
	if (!directory->known)
		return error_hint(err, error_set(err, STATUS_USAGE, "no data directory found"),
				  "run walship in the data directory, or name it with --pg-data");
	backfill->data = directory->path;
	if (snprintf(backfill->pg_wal, sizeof backfill->pg_wal, "%s/pg_wal", directory->path) >= PATH_MAX)
		return error_set(err, STATUS_USAGE, "path too long: %.64s...", directory->path);
	return finished_list_read(&backfill->list, backfill->pg_wal, backfill->system_id, err);
}

/*
 * One file.
 */

static enum status show_text(struct backfill *backfill, const struct wal_file *file, const char *result,
			     const struct error *trouble, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer out = {0};
	bool failed = trouble->text[0] != '\0';
	const char *mark = failed ? "✗" : (backfill->request->dry_run ? "○" : "✓");
	enum status st =
	    buffer_printf(&out, err, "%s %s  %s\n", mark, file->name.text, failed ? trouble->text : result);
	if (!st && failed && trouble->hint[0] != '\0')
		st = buffer_printf(&out, err, "  hint: %s\n", trouble->hint);
	return st ? st : print_text(backfill->request->console, &out, err);
}

static enum status show_json(struct backfill *backfill, const struct wal_file *file, const char *result,
			     const struct error *trouble, struct error *err)
{
	return print_json(backfill->request->console,
			  json_pack("{s:s, s:s, s:s, s:I, s:o, s:o}", "kind", "file", "name", file->name.text, "result",
				    result, "bytes", (json_int_t)file->bytes, "error", print_string(trouble->text),
				    "hint", print_string(trouble->hint)),
			  err);
}

/* Called with the mutex held, or by the only thread. */
static void show(struct backfill *backfill, const struct wal_file *file, const char *result,
		 const struct error *trouble)
{
	if (backfill->print_status)
		return;
	backfill->print_status = backfill->request->json
				     ? show_json(backfill, file, result, trouble, &backfill->printing)
				     : show_text(backfill, file, result, trouble, &backfill->printing);
}

static void record(struct backfill *backfill, const struct wal_file *file, enum status st, const struct error *trouble)
{
	/* A push that succeeds may have set an error on the way: the name was taken, by the same content. */
	static const struct error none = {0};
	(void)pthread_mutex_lock(&backfill->mutex);
	show(backfill, file, st ? "failed" : "pushed", st ? trouble : &none);
	backfill->pushed += st == STATUS_OK;
	backfill->failed += st != STATUS_OK;
	backfill->outages = st == STATUS_UNREACHABLE ? backfill->outages + 1 : 0;
	if (st && (!backfill->worst ||
		   status_exit_code(st, EXIT_FOR_PUSH) > status_exit_code(backfill->worst, EXIT_FOR_PUSH)))
		backfill->worst = st;
	(void)pthread_mutex_unlock(&backfill->mutex);
}

/*
 * In a copied directory, or after a crash, a segment with a .ready may be incomplete. The server's .ready is doubted
 * only where the check is certain. A segment with a foreign first page is refused by push itself.
 */
static enum status check_whole(const struct backfill *backfill, const struct wal_file *file, const struct push *push,
			       struct error *err)
{
	struct segment_check whole = {.path = push->path,
				      .name = &file->name,
				      .system_id = backfill->system_id,
				      .segment_bytes = file->bytes,
				      .switch_lsn = file->switch_lsn};
	if (file->name.kind != WAL_SEGMENT || !file->begun)
		return STATUS_OK;
	enum status st = segment_check(&whole, err);
	if (st != STATUS_CONFLICT || !file->ready || !whole.newer)
		return st;
	log_line(push->call->log, LEVEL_WARNING,
		 "%s is pushed unchecked: this walship does not know the WAL of its newer PostgreSQL: %s",
		 file->name.text, err->text);
	*err = (struct error){0};
	return STATUS_OK;
}

/*
 * The check reads the file by its path, the push from the descriptor that was opened before: the path must still name
 * that file afterwards, unchanged.
 */
static enum status check_and_push(const struct backfill *backfill, const struct wal_file *file, const struct push *push,
				  struct error *err)
{
	CLEANUP(push_source_close) struct push_source source = {0};
	struct error unfit = {0};
	enum status opened = push_source_open(&source, push, &unfit);
	enum status st = check_whole(backfill, file, push, err);
	if (st)
		return st;
	if (opened)
		return *err = unfit, opened;
	st = push_source_check_current(&source, push, err);
	return st ? st : push_source_send(&source, push, err);
}

static enum status push_one(struct backfill *backfill, const struct wal_file *file, const struct repository *repo,
			    struct error *err)
{
	char path[PATH_MAX];
	struct log_subject subject = {.wal_file = file->name.text};
	const struct log log = log_about(backfill->request->call->log, &subject);
	struct call call = call_step(backfill->request->call);
	struct push push = backfill->push;
	call.log = &log;
	if (snprintf(path, sizeof path, "%s/%s", backfill->pg_wal, file->name.text) >= (int)sizeof path)
		return error_set(err, STATUS_USAGE, "path too long: %.64s...", backfill->pg_wal);
	push.store = repo->store;
	push.call = &call;
	push.path = path;
	return check_and_push(backfill, file, &push, err);
}

/* The archiver may have pushed the file meanwhile, and the server recycled it: that is not a failure. */
static bool is_archived(const struct backfill *backfill, const struct wal_file *file, const struct repository *repo,
			struct error *trouble)
{
	char path[PATH_MAX], object[WAL_OBJECT_NAME_MAX];
	struct call call = call_step(backfill->request->call);
	struct object_info info;
	struct error ignored = {0};
	wal_object_name(object, backfill->system_id, &file->name);
	if (snprintf(path, sizeof path, "%s/%s", backfill->pg_wal, file->name.text) >= (int)sizeof path ||
	    access(path, F_OK) == 0 || errno != ENOENT)
		return false;
	if (store_stat(repo->store, &call, object, &info, &ignored) == STATUS_OK && info.bytes >= OBJECT_MIN)
		return true;
	(void)error_set(trouble, STATUS_LOCAL, "removed from pg_wal before it could be pushed");
	(void)error_hint(
	    trouble, STATUS_LOCAL,
	    "PostgreSQL removes and recycles files that archive_status marks as archived: if walship verify "
	    "reports this file as missing, find a copy of the file, or take a new base backup");
	return false;
}

static void put_off(struct backfill *backfill, const struct wal_file *file)
{
	(void)pthread_mutex_lock(&backfill->mutex);
	backfill->missing.stored[file - backfill->list.files] = false;
	(void)pthread_mutex_unlock(&backfill->mutex);
}

/* The next file for the calling thread alone; NULL at the end. */
static const struct wal_file *take_next(struct backfill *backfill)
{
	const struct wal_file *file = NULL;
	(void)pthread_mutex_lock(&backfill->mutex);
	bool goes_on = backfill->outages < OUTAGES_MOST && !backfill->print_status &&
		       !call_is_interrupted(backfill->request->call);
	while (goes_on && file == NULL && backfill->next < backfill->list.count) {
		if (!backfill->missing.stored[backfill->next])
			file = &backfill->list.files[backfill->next];
		backfill->missing.stored[backfill->next++] = true;
	}
	(void)pthread_mutex_unlock(&backfill->mutex);
	return file;
}

static void work(void *arg, const struct repository *repo)
{
	struct backfill *backfill = arg;
	const struct wal_file *file;
	while ((file = take_next(backfill)) != NULL) {
		struct error trouble = {0};
		enum status st = push_one(backfill, file, repo, &trouble);
		if (st && is_archived(backfill, file, repo, &trouble)) {
			(void)pthread_mutex_lock(&backfill->mutex);
			backfill->missing.count--;
			(void)pthread_mutex_unlock(&backfill->mutex);
			continue;
		}
		if (st == STATUS_LOCAL && backfill->together) {
			put_off(backfill, file);
			return;
		}
		record(backfill, file, st, &trouble);
	}
}

/* This thread works too: a machine may be unable to start others. */
static void push_all(struct backfill *backfill)
{
	struct worker_pool pool = {
	    .call = backfill->request->call, .work = work, .arg = backfill, .most = WORKER_POOL_CONNECTIONS};
	bool alone = backfill->request->one_by_one || backfill->missing.count < 2;
	limiter_init(&backfill->limiter, processors_count(), WORKER_POOL_BUFFERS_BYTES);
	(void)pthread_mutex_init(&backfill->mutex, NULL);
	backfill->together = !alone;
	(void)worker_pool_start(&pool, alone ? 0 : backfill->missing.count - 1, backfill->repo);
	work(backfill, backfill->repo);
	worker_pool_join(&pool);
	/* Descriptors and memory that were too few for all threads may suffice for one. */
	backfill->together = false;
	backfill->next = 0;
	work(backfill, backfill->repo);
	limiter_fini(&backfill->limiter);
	(void)pthread_mutex_destroy(&backfill->mutex);
}

static enum status prepare_push(struct backfill *backfill, struct error *err)
{
	const struct repository *repo = backfill->repo;
	struct push *push = &backfill->push;
	*push = backfill->request->push;
	push->threads = 1; /* the limiter shares out the processors */
	push->key = repo->encrypt ? &repo->keys.keys[0] : NULL;
	push->keys = &repo->keys;
	push->pg_data = backfill->data;
	push->system_id = backfill->system_id;
	push->limiter = &backfill->limiter;
	return codec_check(push->codec, STATUS_USAGE, err);
}

/*
 * All files.
 */

static enum status show_sum(struct backfill *backfill, size_t not_tried, struct error *err)
{
	size_t files = backfill->list.count;
	size_t stored = files - backfill->missing.count;
	if (backfill->request->json)
		return print_json(backfill->request->console,
				  json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "kind", "total", "finished_files",
					    (json_int_t)files, "stored_files", (json_int_t)stored, "pushed_files",
					    (json_int_t)backfill->pushed, "failed_files", (json_int_t)backfill->failed,
					    "untried_files", (json_int_t)not_tried, "unfinished_segments",
					    (json_int_t)backfill->list.unfinished),
				  err);
	CLEANUP(buffer_fini) struct buffer out = {0};
	enum status st = buffer_printf(
	    &out, err,
	    "%zu finished file%s: %zu in the repository already, %zu pushed, %zu failed, %zu not tried; %zu still "
	    "to be written\n",
	    files, files == 1 ? "" : "s", stored, backfill->pushed, backfill->failed, not_tried,
	    backfill->list.unfinished);
	return st ? st : print_text(backfill->request->console, &out, err);
}

static enum status show_lacking(struct backfill *backfill, struct error *err)
{
	const struct error no_trouble = {0};
	for (size_t i = 0; i < backfill->list.count; i++)
		if (!backfill->missing.stored[i])
			show(backfill, &backfill->list.files[i], "lacking", &no_trouble);
	if (backfill->print_status)
		return *err = backfill->printing, backfill->print_status;
	return show_sum(backfill, backfill->missing.count, err);
}

static enum status fill(struct backfill *backfill, struct error *err)
{
	enum status st = prepare_push(backfill, err);
	if (st)
		return st;
	push_all(backfill);
	if (backfill->print_status)
		return *err = backfill->printing, backfill->print_status;
	size_t not_tried = backfill->missing.count - backfill->pushed - backfill->failed;
	st = show_sum(backfill, not_tried, err);
	if (!st && backfill->failed > 0)
		st = error_set(err, backfill->worst, "%zu of %zu files could not be pushed",
			       backfill->failed + not_tried, backfill->missing.count);
	return st;
}

enum status backfill_run(const struct backfill_request *request, struct error *err)
{
	CLEANUP(repository_fini) struct repository repo = {0};
	CLEANUP(backfill_fini) struct backfill backfill = {.request = request, .repo = &repo};
	struct data_directory directory;
	enum status st = find_files(&backfill, &directory, err);
	if (!st)
		st = repository_open(&repo, request->settings, request->call, err);
	if (!st)
		st = missing_find(&backfill.missing,
				  &(struct missing_query){request->call, &repo, &backfill.list, backfill.system_id},
				  err);
	if (st)
		return st;
	return request->dry_run ? show_lacking(&backfill, err) : fill(&backfill, err);
}
