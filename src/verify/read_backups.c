#include "verify/read_backups.h"

#include <inttypes.h>
#include <pthread.h>

#include "base/cleanup.h"
#include "console/measure.h"
#include "console/print.h"
#include "format/unseal.h"
#include "repo/worker_pool.h"
#include "stream/terminal_sink.h"

#define LOCAL_FAILURES_MAX 16 /* local failures in a row: then the machine is at fault, not one object */

struct work {
	struct backup_reading *reading;
	uint64_t objects, bytes; /* to read, for the progress */
	pthread_mutex_t mutex;   /* guards the fields below, the parts, the totals and the output */
	size_t next;
	unsigned local_failures; /* in a row */
	enum status status;      /* the first failure */
	struct error err;
};

static struct backup_label label_of(const struct backup_stored *stored)
{
	struct backup_label label;
	(void)backup_label_make(&label, stored->begun_s, (enum backup_type)stored->type);
	return label;
}

static bool is_noted(const struct backup_reading *reading, const struct backup_stored *stored)
{
	const struct backup_label label = label_of(stored);
	const struct listed_backup *backup = backup_list_find(reading->list, &label);
	return backup != NULL &&
	       verified_has(reading->notes, stored->type + 1U, (uint64_t)stored->begun_s, backup->newest_s);
}

/* Counts what is to be read, and clears "needed" of all other objects. */
static void plan(struct work *work)
{
	struct backup_reading *reading = work->reading;
	for (size_t i = 0; i < reading->parts->count; i++) {
		struct backup_stored *stored = &reading->parts->items[i];
		if (!stored->needed)
			continue;
		bool noted = is_noted(reading, stored);
		stored->unread = stored->archived;
		stored->needed = !noted && !stored->archived;
		reading->totals.remembered += noted;
		reading->totals.unreadable += stored->archived && !noted;
		work->objects += stored->needed;
		work->bytes += stored->needed ? stored->bytes : 0;
	}
}

/*
 * Called with the mutex held.
 */

static void fail(struct work *work, enum status st, const struct error *err)
{
	if (work->status)
		return;
	work->status = st;
	work->err = *err;
}

static void print_damage(struct work *work, const char *object, const struct error *trouble)
{
	const struct backup_reading *reading = work->reading;
	CLEANUP(buffer_fini) struct buffer line = {0};
	struct error err = {0};
	progress_clear(reading->progress);
	enum status st = reading->json ? print_line(&line,
						    json_pack("{s:s, s:s, s:o}", "kind", "damaged", "object", object,
							      "error", print_string(trouble->text)),
						    &err)
				       : buffer_printf(&line, &err, "✗ %s: %s\n", object, trouble->text);
	if (!st)
		st = print_text(reading->console, &line, &err);
	if (st)
		fail(work, st, &err);
}

static void show_progress(const struct work *work)
{
	const struct backup_reading *reading = work->reading;
	char done[MEASURE_MAX], all[MEASURE_MAX];
	if (!progress_is_due(reading->progress))
		return;
	measure_bytes(reading->totals.bytes, done);
	measure_bytes(work->bytes, all);
	progress_show(reading->progress, "base backups: %" PRIu64 " of %" PRIu64 " objects, %s of %s",
		      reading->totals.objects, work->objects, done, all);
}

static void take_result(struct work *work, struct backup_stored *stored, const char *name, enum status st,
			const struct unseal_lack *lack, const struct error *trouble)
{
	struct read_totals *totals = &work->reading->totals;
	work->local_failures = st == STATUS_LOCAL ? work->local_failures + 1 : 0;
	bool local = st == STATUS_LOCAL && work->local_failures < LOCAL_FAILURES_MAX;
	totals->objects += st != STATUS_MISSING;
	totals->bytes += stored->bytes;
	totals->removed += st == STATUS_MISSING;
	stored->unread = st == STATUS_MISSING;
	if (st == STATUS_DAMAGED || local) {
		stored->trouble = (uint8_t)st;
		stored->locked = lack->lacks;
		totals->damaged += !lack->lacks;
		totals->not_opened += local;
		if (!lack->lacks || missing_keys_add(&totals->missing_keys, lack->key_id, name))
			print_damage(work, name, trouble);
	} else if (st != STATUS_OK && st != STATUS_MISSING) {
		fail(work, st, trouble);
	}
	show_progress(work);
}

/* NULL when all are taken, or after a failure. */
static struct backup_stored *take(struct work *work)
{
	const struct backup_parts *parts = work->reading->parts;
	while (!work->status && work->next < parts->count) {
		struct backup_stored *stored = &parts->items[work->next++];
		if (stored->needed)
			return stored;
	}
	return NULL;
}

/*
 * The threads.
 */

/* Every byte was authentic when it came here. */
static enum status discard(struct sink *sink, const void *data, size_t len, struct error *err)
{
	(void)sink, (void)data, (void)len, (void)err;
	return STATUS_OK;
}

static enum status open_object(const struct work *work, const struct repository *repo, const char *name, bool is_pack,
			       struct unseal_lack *lack, struct error *err)
{
	static const struct sink_ops ops = {discard, terminal_sink_finish, terminal_sink_free};
	struct sink end = {&ops};
	const struct call step = call_step(work->reading->call);
	const struct unseal_params params = {
	    .keys = &repo->keys, .allow_unprotected = !repo->encrypt, .is_pack = is_pack, .name = name, .lack = lack};
	CLEANUP(sink_freep) struct sink *chain = &end;
	enum status st = unseal_new(&chain, &params, err);
	if (!st)
		st = store_read(repo->store, &step, name, chain, err);
	return st ? st : sink_finish(chain, err);
}

static void work_on(void *arg, const struct repository *repo)
{
	struct work *work = arg;
	struct backup_stored *stored;
	(void)pthread_mutex_lock(&work->mutex);
	while ((stored = take(work)) != NULL) {
		char name[BACKUP_OBJECT_NAME_MAX];
		struct unseal_lack lack = {0};
		struct error trouble = {0};
		const struct backup_label label = label_of(stored);
		(void)pthread_mutex_unlock(&work->mutex);
		backup_object_name(name, work->reading->system_id, &label, (enum backup_part)stored->part,
				   stored->number);
		enum status st = open_object(work, repo, name, stored->part == PART_DATA, &lack, &trouble);
		(void)pthread_mutex_lock(&work->mutex);
		take_result(work, stored, name, st, &lack, &trouble);
	}
	(void)pthread_mutex_unlock(&work->mutex);
}

static enum status read_all(struct work *work, struct error *err)
{
	const struct backup_reading *reading = work->reading;
	struct worker_pool pool = {.call = reading->call, .work = work_on, .arg = work, .most = reading->threads};
	if (work->objects > 0 && worker_pool_start(&pool, reading->threads, reading->repo) == 0)
		return error_set(err, STATUS_LOCAL, "no thread can be started");
	worker_pool_join(&pool);
	progress_clear(reading->progress);
	if (work->status)
		*err = work->err;
	return work->status;
}

/*
 * The end.
 */

/* A backup is noted when each of its objects that is needed was read now, and is good. */
static enum status note(const struct backup_reading *reading, const struct verified_run *run, struct error *err)
{
	const struct backup_parts *parts = reading->parts;
	enum status st = STATUS_OK;
	for (size_t from = 0, end; !st && from < parts->count; from = end) {
		const struct backup_stored *first = &parts->items[from];
		uint64_t good = 0, bad = 0;
		for (end = from; end < parts->count && parts->items[end].begun_s == first->begun_s &&
				 parts->items[end].type == first->type;
		     end++) {
			const struct backup_stored *stored = &parts->items[end];
			bad += stored->unread || stored->trouble != STATUS_OK;
			good += stored->needed && !stored->unread && stored->trouble == STATUS_OK;
		}
		if (bad > 0)
			st = verified_remove(reading->notes, first->type + 1U, (uint64_t)first->begun_s, err);
		else if (good > 0)
			st = verified_add(reading->notes, first->type + 1U, (uint64_t)first->begun_s, run, err);
	}
	struct error trouble;
	if (!st && verified_save(reading->notes, &trouble) != STATUS_OK)
		log_line(reading->call->log, LEVEL_WARNING, "could not save the verify notes: %s", trouble.text);
	return st;
}

static json_t *totals_json(const struct backup_reading *reading)
{
	const struct read_totals *totals = &reading->totals;
	return json_pack("{s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "kind", "read_backups", "system_id",
			 print_system_id(reading->system_id), "objects", (json_int_t)totals->objects, "bytes",
			 (json_int_t)totals->bytes, "remembered_objects", (json_int_t)totals->remembered,
			 "archived_objects", (json_int_t)totals->unreadable, "removed_objects",
			 (json_int_t)totals->removed, "damaged_objects", (json_int_t)totals->damaged, "locked_objects",
			 (json_int_t)totals->missing_keys.objects);
}

static enum status show_totals(const struct backup_reading *reading, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	const struct read_totals *totals = &reading->totals;
	char size[MEASURE_MAX];
	if (reading->json)
		return print_json(reading->console, totals_json(reading), err);
	measure_bytes(totals->bytes, size);
	enum status st = buffer_printf(&text, err, "%s read %" PRIu64 " object%s of base backups, %s",
				       totals->damaged + totals->missing_keys.objects > 0 ? "✗" : "✓", totals->objects,
				       totals->objects == 1 ? "" : "s", size);
	const struct {
		uint64_t count;
		const char *text;
	} more[] = {{totals->remembered, "verified by earlier runs"},
		    {totals->unreadable, "in an archive storage class, not read"},
		    {totals->removed, "removed meanwhile"},
		    {totals->damaged - totals->not_opened, "damaged"},
		    {totals->not_opened, "not opened: this machine cannot read them"},
		    {totals->missing_keys.objects, "not opened: the key is not configured"}};
	for (size_t i = 0; !st && i < sizeof more / sizeof more[0]; i++)
		if (more[i].count > 0)
			st = buffer_printf(&text, err, "; %" PRIu64 " %s", more[i].count, more[i].text);
	if (!st)
		st = buffer_append(&text, "\n", 1, err);
	return st ? st : print_text(reading->console, &text, err);
}

enum status read_backups(struct backup_reading *reading, struct error *err)
{
	struct work work = {.reading = reading};
	struct verified_run run = {.began_s = clock_utc_s(reading->call->clock)};
	for (size_t i = 0; i < reading->list->count; i++)
		if (reading->list->items[i].newest_s > run.newest_s)
			run.newest_s = reading->list->items[i].newest_s;
	plan(&work);
	(void)pthread_mutex_init(&work.mutex, NULL);
	enum status st = read_all(&work, err);
	(void)pthread_mutex_destroy(&work.mutex);
	if (!st)
		st = note(reading, &run, err);
	if (!st)
		st = missing_keys_print(&reading->totals.missing_keys, reading->console, reading->json, err);
	return st ? st : show_totals(reading, err);
}
