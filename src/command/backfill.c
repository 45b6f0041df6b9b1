/* backfill: what pg_wal still has and the repository lacks, after a failover or a lost archive_status. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/gate.h"
#include "base/processors.h"
#include "base/uri.h"
#include "command/crew.h"
#include "command/print.h"
#include "command/whose.h"
#include "stream/codec.h"
#include "wal/control.h"
#include "wal/finished.h"
#include "wal/whole.h"
#include "walship/push.h"

#define FOLDER_DIGITS 16            /* of a segment's name: its folder in the repository */
#define OUTAGES_MOST (2 * CREW_MAX) /* so many in a row, each retried for push-timeout, and nobody is there */

struct backfill {
	const struct command_context *context;
	const struct session *session;
	const char *data; /* the data directory */
	char pg_wal[PATH_MAX];
	uint64_t system_id;
	struct finished_list list;
	bool *stored; /* by the index of the list: the repository has it */
	size_t lacking;
	struct push push; /* what is the same for all of them */
	struct gate gate;
	bool json;
	pthread_mutex_t mutex; /* guards what follows, and what is printed */
	size_t next, pushed, failed, outages;
	enum status worst;
	struct error printing; /* why nothing can be printed any more */
	enum status print_status;
};

static void backfill_fini(struct backfill *backfill)
{
	finished_list_fini(&backfill->list);
	free(backfill->stored);
}

/*
 * Which files, and of which cluster.
 */

static enum status find_files(struct backfill *backfill, struct data_directory *directory, struct error *err)
{
	enum status st = whose_cluster(backfill->context->config, NULL, directory, &backfill->system_id, err);
	if (st)
		return st;
	if (!directory->known)
		return error_hint(err, error_set(err, STATUS_USAGE, "no data directory is at hand"),
				  "run in it, or name it with --pg-data");
	backfill->data = directory->path;
	if (snprintf(backfill->pg_wal, sizeof backfill->pg_wal, "%s/pg_wal", directory->path) >= PATH_MAX)
		return error_set(err, STATUS_USAGE, "path too long: %.64s...", directory->path);
	st = finished_list_read(&backfill->list, backfill->pg_wal, backfill->system_id, err);
	backfill->stored = calloc(backfill->list.count + 1, sizeof *backfill->stored);
	return !st && backfill->stored == NULL ? error_set(err, STATUS_LOCAL, "out of memory") : st;
}

/*
 * What the repository has.
 */

/* The files of one folder of the repository, as they are listed: both go up by name. */
struct folder_look {
	struct backfill *backfill;
	size_t first, end;
};

static enum status note_stored(void *arg, const struct object_info *info, struct error *err)
{
	struct folder_look *look = arg;
	struct backfill *backfill = look->backfill;
	const char *slash = strrchr(info->name, '/');
	const char *name = slash == NULL ? info->name : slash + 1;
	size_t low = look->first;
	size_t high = look->end;
	(void)err;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(backfill->list.files[middle].name.text, name);
		if (order == 0)
			return backfill->stored[middle] = true, STATUS_OK;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return STATUS_OK;
}

static enum status look_for_history(struct backfill *backfill, size_t index, const struct call *call, struct error *err)
{
	char object[WAL_OBJECT_NAME_MAX];
	struct object_info info;
	wal_object_name(object, backfill->system_id, &backfill->list.files[index].name);
	enum status st = store_stat(backfill->session->store, call, object, &info, err);
	backfill->stored[index] = st == STATUS_OK;
	return st == STATUS_MISSING ? STATUS_OK : st;
}

/* Histories by their names, the others by listing the folders that they belong to. *end: behind the last that is done.
 */
static enum status look_from(struct backfill *backfill, size_t first, size_t *end, struct error *err)
{
	const struct wal_file *files = backfill->list.files;
	struct call call = call_step(backfill->context->call);
	char prefix[WAL_OBJECT_NAME_MAX];
	*end = first + 1;
	if (files[first].name.kind == WAL_HISTORY)
		return look_for_history(backfill, first, &call, err);
	while (*end < backfill->list.count &&
	       strncmp(files[*end].name.text, files[first].name.text, FOLDER_DIGITS) == 0)
		++*end;
	struct folder_look look = {backfill, first, *end};
	(void)snprintf(prefix, sizeof prefix, "%" PRIu64 "/wal/%.*s/", backfill->system_id, FOLDER_DIGITS,
		       files[first].name.text);
	return store_list(backfill->session->store, &call, prefix, note_stored, &look, err);
}

/*
 * Where nothing may be listed, or a directory has nothing of this cluster, everything is pushed: what is there already
 * is compared, and nothing is ever replaced. A store that is not there is another matter.
 */
static enum status look_into_repository(struct backfill *backfill, struct error *err)
{
	struct store *store = backfill->session->store;
	enum status st = STATUS_OK;
	size_t end;
	for (size_t i = 0; !st && i < backfill->list.count; i = end)
		st = look_from(backfill, i, &end, err);
	if (st) {
		struct call call = call_step(backfill->context->call);
		struct error gone = {0};
		int64_t clock_s;
		if (store_has_reach(store) && store_reach(store, &call, &clock_s, &gone) != STATUS_OK)
			return st;
		log_line(backfill->context->call->log, LEVEL_INFO, "backfill: every file is pushed or compared: %s",
			 err->text);
		*err = (struct error){0};
	}
	for (size_t i = 0; i < backfill->list.count; i++)
		backfill->lacking += !backfill->stored[i];
	return STATUS_OK;
}

/*
 * One file.
 */

static enum status show_text(struct backfill *backfill, const struct wal_file *file, const char *result,
			     const struct error *trouble, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer out = {0};
	bool failed = trouble->text[0] != '\0';
	const char *mark = failed ? "✗" : (command_flag(backfill->context, "dry-run") ? "○" : "✓");
	enum status st =
	    buffer_printf(&out, err, "%s %s  %s\n", mark, file->name.text, failed ? trouble->text : result);
	if (!st && failed && trouble->hint[0] != '\0')
		st = buffer_printf(&out, err, "  hint: %s\n", trouble->hint);
	return st ? st : print_text(backfill->context, &out, err);
}

static enum status show_json(struct backfill *backfill, const struct wal_file *file, const char *result,
			     const struct error *trouble, struct error *err)
{
	return print_json(backfill->context,
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
	backfill->print_status = backfill->json ? show_json(backfill, file, result, trouble, &backfill->printing)
						: show_text(backfill, file, result, trouble, &backfill->printing);
}

static void note(struct backfill *backfill, const struct wal_file *file, enum status st, const struct error *trouble)
{
	/* A push that succeeds may have tried what did not: the name was taken, and what has it is the same. */
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

/* What the server asks for is pushed as it is; what it says nothing of must be whole to be sure. */
static enum status push_one(struct backfill *backfill, const struct wal_file *file, const struct session *session,
			    struct error *err)
{
	char path[PATH_MAX];
	struct call call = call_step(backfill->context->call);
	struct push push = backfill->push;
	if (snprintf(path, sizeof path, "%s/%s", backfill->pg_wal, file->name.text) >= (int)sizeof path)
		return error_set(err, STATUS_USAGE, "path too long: %.64s...", backfill->pg_wal);
	push.store = session->store;
	push.call = &call;
	push.path = path;
	if (file->name.kind == WAL_SEGMENT && !file->ready) {
		enum status st = wal_whole_check(path, &file->name, backfill->system_id, file->bytes, err);
		if (st)
			return st;
	}
	return push_file(&push, NULL, err);
}

static const struct wal_file *take_next(struct backfill *backfill)
{
	const struct wal_file *file = NULL;
	(void)pthread_mutex_lock(&backfill->mutex);
	bool goes_on =
	    backfill->outages < OUTAGES_MOST && !backfill->print_status && !call_is_ending(backfill->context->call);
	while (goes_on && file == NULL && backfill->next < backfill->list.count) {
		if (!backfill->stored[backfill->next])
			file = &backfill->list.files[backfill->next];
		backfill->next++;
	}
	(void)pthread_mutex_unlock(&backfill->mutex);
	return file;
}

static void work(void *arg, const struct session *session)
{
	struct backfill *backfill = arg;
	const struct wal_file *file;
	while ((file = take_next(backfill)) != NULL) {
		struct error trouble = {0};
		enum status st = push_one(backfill, file, session, &trouble);
		note(backfill, file, st, &trouble);
	}
}

/* This thread works too, so that a machine without room for others gets on. */
static void push_all(struct backfill *backfill)
{
	const struct config *config = backfill->context->config;
	struct crew crew = {.context = backfill->context, .work = work, .arg = backfill};
	/* Each connection would have the limit for itself. */
	bool alone = config_number(config, OPTION_ID_S3_BANDWIDTH_LIMIT) > 0 || backfill->lacking < 2;
	gate_init(&backfill->gate, processors_count(), CREW_BUFFERS_BYTES);
	(void)pthread_mutex_init(&backfill->mutex, NULL);
	(void)crew_start(&crew, alone ? 0 : backfill->lacking - 1, backfill->session);
	work(backfill, backfill->session);
	crew_join(&crew);
	gate_fini(&backfill->gate);
	(void)pthread_mutex_destroy(&backfill->mutex);
}

static enum status prepare_push(struct backfill *backfill, struct error *err)
{
	const struct config *config = backfill->context->config;
	const struct session *session = backfill->session;
	const struct codec *codec = codec_by_name(config_text(config, OPTION_ID_COMPRESS));
	struct repo_url url;
	enum status st = codec_check(codec, STATUS_USAGE, err);
	if (!st)
		st = repo_url_parse(&url, config_text(config, OPTION_ID_REPO), err);
	if (st)
		return st;
	backfill->push = (struct push){
	    .codec = codec,
	    .level = (int)config_number(config, OPTION_ID_COMPRESS_LEVEL),
	    .threads = 1, /* the processors are shared out by the gate */
	    .key = session->encrypt ? &session->keys.keys[0] : NULL,
	    .keys = &session->keys,
	    .pg_data = backfill->data,
	    .system_id = backfill->system_id,
	    .gate = &backfill->gate,
	    .buffer_bytes = url.kind == REPO_S3 ? config_number(config, OPTION_ID_S3_PART_SIZE) : 0,
	};
	return STATUS_OK;
}

/*
 * The whole.
 */

static enum status show_sum(struct backfill *backfill, size_t not_tried, struct error *err)
{
	size_t files = backfill->list.count;
	size_t stored = files - backfill->lacking;
	if (backfill->json)
		return print_json(backfill->context,
				  json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "kind", "total", "finished_files",
					    (json_int_t)files, "stored_files", (json_int_t)stored, "pushed_files",
					    (json_int_t)backfill->pushed, "failed_files", (json_int_t)backfill->failed,
					    "untried_files", (json_int_t)not_tried, "unfinished_segments",
					    (json_int_t)backfill->list.others),
				  err);
	CLEANUP(buffer_fini) struct buffer out = {0};
	enum status st = buffer_printf(
	    &out, err,
	    "%zu finished file%s: %zu in the repository already, %zu pushed, %zu failed, %zu not tried; %zu still "
	    "to be written\n",
	    files, files == 1 ? "" : "s", stored, backfill->pushed, backfill->failed, not_tried, backfill->list.others);
	return st ? st : print_text(backfill->context, &out, err);
}

static enum status show_lacking(struct backfill *backfill, struct error *err)
{
	const struct error no_trouble = {0};
	for (size_t i = 0; i < backfill->list.count; i++)
		if (!backfill->stored[i])
			show(backfill, &backfill->list.files[i], "lacking", &no_trouble);
	if (backfill->print_status)
		return *err = backfill->printing, backfill->print_status;
	return show_sum(backfill, backfill->lacking, err);
}

static enum status fill(struct backfill *backfill, struct error *err)
{
	enum status st = prepare_push(backfill, err);
	if (st)
		return st;
	push_all(backfill);
	if (backfill->print_status)
		return *err = backfill->printing, backfill->print_status;
	size_t not_tried = backfill->lacking - backfill->pushed - backfill->failed;
	st = show_sum(backfill, not_tried, err);
	if (!st && backfill->failed > 0)
		st = error_set(err, backfill->worst, "%zu of %zu files could not be pushed",
			       backfill->failed + not_tried, backfill->lacking);
	return st;
}

static enum status run(const struct command_context *context, struct error *err)
{
	CLEANUP(session_fini) struct session session = {0};
	CLEANUP(backfill_fini)
	struct backfill backfill = {.context = context, .session = &session, .json = command_flag(context, "json")};
	struct data_directory directory;
	enum status st = find_files(&backfill, &directory, err);
	if (!st)
		st = session_open(&session, context, err);
	if (!st)
		st = look_into_repository(&backfill, err);
	if (st)
		return st;
	return command_flag(context, "dry-run") ? show_lacking(&backfill, err) : fill(&backfill, err);
}

enum status command_backfill(struct command_context *context, struct error *err)
{
	enum status st = run(context, err);
	return st ? error_wrap(err, st, "backfill") : STATUS_OK;
}
