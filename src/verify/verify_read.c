#include "verify/verify_read.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "console/measure.h"
#include "console/print.h"
#include "job/queue.h"
#include "repo/worker_pool.h"
#include "verify/read_plan.h"
#include "verify/record_boundary.h"
#include "verify/verify_notes.h"

#define SAVE_MS 30000 /* a killed run loses the notes of at most this time */
#define BAR_WIDTH 24
#define LOCAL_FAILURES_MAX 16 /* local failures in a row: then the machine is at fault, not one object */

struct reading {
	struct cluster_reading *cluster;
	struct crc32c crc32c;
	struct verified_run run;
	int64_t began_ms;
	/* Its mutex guards the fields below, the totals, notes and progress of cluster, and the output. */
	struct queue queue;
	struct read_job jobs[QUEUE_ITEMS];
	struct record_boundaries boundaries;
	struct level_changes level_changes;
	int64_t saved_ms;
	bool unsaved;            /* saving failed, and a warning was logged */
	unsigned local_failures; /* in a row */
};

/*
 * Called with the mutex held.
 */

static void report_damage(struct reading *reading, const struct wal_name *name, const struct error *trouble)
{
	struct cluster_reading *cluster = reading->cluster;
	CLEANUP(buffer_fini) struct buffer line = {0};
	struct error err = {0};
	char object[WAL_OBJECT_NAME_MAX];
	enum status st;
	wal_object_name(object, cluster->system_id, name);
	cluster->totals.damaged++;
	progress_clear(cluster->progress);
	if (cluster->json) {
		st = print_json(cluster->console,
				json_pack("{s:s, s:s, s:o}", "kind", "damaged", "object", object, "error",
					  print_string(trouble->text)),
				&err);
	} else {
		st = buffer_printf(&line, &err, "✗ %s: %s\n", object, trouble->text);
		if (!st)
			st = print_text(cluster->console, &line, &err);
	}
	if (st)
		queue_fail(&reading->queue, st, &err);
}

/* Prints one line for each key: a million objects may need it. With --json the keys follow at the end only. */
static void report_missing_key(struct reading *reading, const struct wal_name *name, const struct unseal_lack *lack,
			       const struct error *trouble)
{
	struct cluster_reading *cluster = reading->cluster;
	CLEANUP(buffer_fini) struct buffer line = {0};
	struct error err = {0};
	char object[WAL_OBJECT_NAME_MAX];
	wal_object_name(object, cluster->system_id, name);
	if (!missing_keys_add(&cluster->totals.missing_keys, lack->key_id, object) || cluster->json)
		return;
	progress_clear(cluster->progress);
	enum status st =
	    buffer_printf(&line, &err, "✗ %s: %s; other objects of this key are only counted\n", object, trouble->text);
	if (!st)
		st = print_text(cluster->console, &line, &err);
	if (st)
		queue_fail(&reading->queue, st, &err);
}

static void save(struct reading *reading, bool now)
{
	struct error err = {0};
	int64_t now_ms = clock_monotonic_ms(reading->cluster->call->clock);
	if (!now && now_ms - reading->saved_ms < SAVE_MS)
		return;
	reading->saved_ms = now_ms;
	if (reading->unsaved || (verified_save(reading->cluster->verified, &err) == STATUS_OK &&
				 commit_notes_save(reading->cluster->commits, &err) == STATUS_OK))
		return;
	/* Without notes the next run only takes longer: go on. */
	reading->unsaved = true;
	log_line(reading->cluster->call->log, LEVEL_WARNING, "could not save the verify notes: %s", err.text);
}

static void show_progress(const struct reading *reading)
{
	const struct cluster_reading *cluster = reading->cluster;
	char bar[BAR_WIDTH + 1], done_text[MEASURE_MAX], all_text[MEASURE_MAX];
	if (!progress_is_due(cluster->progress))
		return;
	double done = (double)cluster->totals.bytes;
	double all = (double)(cluster->bytes > cluster->totals.bytes ? cluster->bytes : cluster->totals.bytes + 1);
	double took_s = (double)(clock_monotonic_ms(cluster->call->clock) - reading->began_ms) / 1000;
	for (int i = 0; i < BAR_WIDTH; i++)
		bar[i] = done / all * BAR_WIDTH > i ? '#' : '.';
	bar[BAR_WIDTH] = '\0';
	measure_bytes(cluster->totals.bytes, done_text);
	measure_bytes((uint64_t)all, all_text);
	long long left_s = done > 0 ? (long long)(took_s * (all - done) / done) : 0;
	progress_show(cluster->progress,
		      "[%s] %3.0f %%, %" PRIu64 " of %" PRIu64 " objects, %s of %s, %lld:%02lld:%02lld left", bar,
		      100 * done / all, cluster->totals.objects, cluster->objects, done_text, all_text, left_s / 3600,
		      left_s / 60 % 60, left_s % 60);
}

/* level: what a good segment says; NULL for a bad one. */
static void note(struct reading *reading, const struct wal_name *name, const struct wal_level_seen *level)
{
	struct cluster_reading *cluster = reading->cluster;
	struct error err = {0};
	uint64_t number;
	if (name->kind != WAL_SEGMENT || !wal_name_number(name, cluster->segment_bytes, &number))
		return;
	/* The notes do not keep wal_level: settle_levels decides whether the next run may do without this segment. */
	enum status st = level != NULL && !level->told
			     ? verified_add(cluster->verified, name->timeline, number, &reading->run, &err)
			     : verified_remove(cluster->verified, name->timeline, number, &err);
	if (!st && level != NULL && level->told)
		st = level_changes_note(&reading->level_changes, &(struct level_change){name->timeline, number, *level},
					&err);
	if (!st && level == NULL)
		st = cluster->lost(cluster->arg, name->timeline, number, &err);
	if (st)
		queue_fail(&reading->queue, st, &err);
}

/*
 * An outage tells nothing about the segment: its note stays. A crossing record that an earlier run noted may have been
 * that of another predecessor: where the predecessor is read too, note_crossing tells it anew.
 */
static void note_commits(struct reading *reading, const struct read_job *job, bool is_outage,
			 const struct inspected *inspected)
{
	const struct wal_name *name = &job->name;
	struct cluster_reading *cluster = reading->cluster;
	struct error err = {0};
	uint64_t number;
	if (name->kind != WAL_SEGMENT || !wal_name_number(name, cluster->segment_bytes, &number))
		return;
	const struct commit_note commits = {.timeline = name->timeline,
					    .number = number,
					    .began_s = reading->run.began_s,
					    .newest_s = reading->run.newest_s,
					    .first_us = inspected->first_end_us,
					    .last_us = inspected->last_end_us,
					    .crossing_us = COMMIT_NOTE_UNKNOWN,
					    .stale = false};
	enum status st = STATUS_OK;
	if (inspected->is_segment)
		st = commit_notes_add(cluster->commits, &commits, &err);
	else if (!is_outage)
		commit_notes_remove(cluster->commits, name->timeline, number);
	if (job->follows)
		commit_notes_cross(cluster->commits, name->timeline, number, COMMIT_NOTE_UNKNOWN);
	if (st)
		queue_fail(&reading->queue, st, &err);
}

static void note_crossing(struct reading *reading, const struct wal_name *second)
{
	uint64_t number;
	if (reading->boundaries.joined && wal_name_number(second, reading->cluster->segment_bytes, &number))
		commit_notes_cross(reading->cluster->commits, second->timeline, number,
				   reading->boundaries.crossing_us);
}

/*
 * A record that crosses and is damaged makes both segments bad: either may be the cause. What a good one says about
 * wal_level counts for the first.
 */
static void take_boundary(struct reading *reading, enum record_boundary_outcome outcome, const struct wal_name *second,
			  const struct error *trouble)
{
	struct cluster_reading *cluster = reading->cluster;
	uint64_t number;
	cluster->totals.records += outcome == RECORD_BOUNDARY_GOOD;
	cluster->totals.skipped += outcome == RECORD_BOUNDARY_SKIPPED;
	bool tells = outcome == RECORD_BOUNDARY_GOOD && reading->boundaries.level.told;
	if (outcome != RECORD_BOUNDARY_DAMAGED && !tells)
		return;
	if (!tells) {
		report_damage(reading, second, trouble);
		note(reading, second, NULL);
	}
	if (!wal_name_number(second, cluster->segment_bytes, &number) || number == 0)
		return;
	struct wal_name first;
	wal_name_of_number(&first, second->timeline, number - 1, cluster->segment_bytes);
	note(reading, &first, tells ? &reading->boundaries.level : NULL);
}

static void take_boundaries(struct reading *reading, const struct read_job *job, const struct inspected *inspected)
{
	struct error trouble = {0};
	struct wal_name next = job->name;
	take_boundary(reading,
		      record_boundaries_begin(&reading->boundaries, job->number, inspected, job->follows, &trouble),
		      &job->name, &trouble);
	note_crossing(reading, &job->name);
	enum record_boundary_outcome outcome =
	    record_boundaries_end(&reading->boundaries, job->number, inspected, &trouble);
	(void)wal_name_next(&next, reading->cluster->segment_bytes);
	take_boundary(reading, outcome, &next, &trouble);
	note_crossing(reading, &next);
}

static void take_result(struct reading *reading, const struct read_job *job, enum status st,
			const struct inspected *inspected, const struct error *trouble)
{
	struct cluster_reading *cluster = reading->cluster;
	/* One local failure may be a denied permission. Many in a row are the machine's: no more descriptors, say. */
	reading->local_failures = st == STATUS_LOCAL ? reading->local_failures + 1 : 0;
	if (st == STATUS_LOCAL && reading->local_failures < LOCAL_FAILURES_MAX) {
		cluster->totals.not_opened++;
		st = STATUS_DAMAGED;
	}
	if (st == STATUS_DAMAGED && inspected->lack.lacks)
		report_missing_key(reading, &job->name, &inspected->lack, trouble);
	else if (st == STATUS_DAMAGED)
		report_damage(reading, &job->name, trouble);
	else if (st != STATUS_OK && st != STATUS_MISSING)
		queue_fail(&reading->queue, st, trouble);
	/* An object removed after the listing counts as removed, and windows end before it. */
	cluster->totals.objects += st != STATUS_MISSING;
	cluster->totals.removed += st == STATUS_MISSING;
	cluster->totals.bytes += job->bytes;
	cluster->totals.records += inspected->records.count;
	bool is_outage = st != STATUS_OK && st != STATUS_DAMAGED && st != STATUS_MISSING;
	if (!is_outage)
		note(reading, &job->name, st ? NULL : &inspected->records.level);
	note_commits(reading, job, is_outage, inspected);
	take_boundaries(reading, job, inspected);
	save(reading, false);
	show_progress(reading);
}

/*
 * The threads.
 */

static void work(void *arg, const struct repository *repo)
{
	struct reading *reading = arg;
	struct read_job job;
	(void)pthread_mutex_lock(&reading->queue.mutex);
	while (queue_take(&reading->queue, &job)) {
		struct inspected inspected;
		struct error trouble = {0};
		struct inspection inspection = {.repo = repo,
						.call = reading->cluster->call,
						.crc32c = &reading->crc32c,
						.system_id = reading->cluster->system_id,
						.name = &job.name};
		(void)pthread_mutex_unlock(&reading->queue.mutex);
		enum status st = inspect(&inspection, &inspected, &trouble);
		(void)pthread_mutex_lock(&reading->queue.mutex);
		take_result(reading, &job, st, &inspected, &trouble);
		inspected_fini(&inspected);
	}
	(void)pthread_mutex_unlock(&reading->queue.mutex);
}

/*
 * The listing.
 */

struct lister {
	struct reading *reading;
	struct read_plan plan;
	struct read_job held; /* number 0: none */
};

/*
 * A noted segment that is read for the record between it and a new one loses its note before the new one can get its
 * own, and gets it back when it is read. Whatever ends the run between the two, the next run joins them: one of them
 * has no note. A segment is therefore held back until the next one is planned.
 */
static enum status put(void *arg, const struct read_job *job, struct error *err)
{
	struct lister *lister = arg;
	uint64_t number;
	enum status st = STATUS_OK;
	if (job->name.kind == WAL_SEGMENT && wal_name_number(&job->name, lister->plan.segment_bytes, &number))
		st = verified_remove(lister->reading->cluster->verified, job->name.timeline, number, err);
	if (!st && lister->held.number != 0)
		st = queue_put(&lister->reading->queue, &lister->held, err);
	lister->held = *job;
	return st;
}

static enum status on_object(void *arg, const struct object_info *info, struct error *err)
{
	struct lister *lister = arg;
	struct reading *reading = lister->reading;
	struct wal_name name;
	uint64_t system_id;
	if (!wal_object_parse(info->name, &system_id, &name))
		return STATUS_OK;
	(void)pthread_mutex_lock(&reading->queue.mutex);
	bool known = verify_notes_suffice(reading->cluster->verified, reading->cluster->commits, &name,
					  lister->plan.segment_bytes, info->modified_s);
	enum status st = STATUS_OK;
	if (info->archived)
		read_plan_pass(&lister->plan);
	else
		st = read_plan_add(&lister->plan, &name, info->bytes, !known, err);
	(void)pthread_mutex_unlock(&reading->queue.mutex);
	return st;
}

static enum status list(struct reading *reading, struct repository *repo, struct error *err)
{
	char prefix[32];
	struct lister lister = {
	    .reading = reading,
	    .plan = {.segment_bytes = reading->cluster->segment_bytes, .read = put, .arg = &lister}};
	(void)snprintf(prefix, sizeof prefix, "%" PRIu64 "/", reading->cluster->system_id);
	enum status st = store_list(repo->store, reading->cluster->call, prefix, on_object, &lister, err);
	(void)pthread_mutex_lock(&reading->queue.mutex);
	if (!st && lister.held.number != 0)
		st = queue_put(&reading->queue, &lister.held, err);
	(void)pthread_mutex_unlock(&reading->queue.mutex);
	reading->cluster->totals.remembered = lister.plan.remembered;
	reading->cluster->totals.unreadable = lister.plan.unreadable;
	return st;
}

static enum status note_other(void *arg, uint32_t timeline, uint64_t number, struct error *err)
{
	const struct reading *reading = arg;
	return verified_add(reading->cluster->verified, timeline, number, &reading->run, err);
}

static enum status report_range(void *arg, const struct level_range *range, struct error *err)
{
	const struct cluster_reading *cluster = ((struct reading *)arg)->cluster;
	return cluster->minimal(cluster->arg, range, err);
}

/* The first and the last segment of a range with minimal WAL are read again by the next run, which so finds the range.
 */
static enum status settle_levels(struct reading *reading, struct error *err)
{
	const struct level_report report = {.range = report_range, .other = note_other, .arg = reading};
	return level_changes_report(&reading->level_changes, &report, err);
}

/* One thread is enough, if no more can be started. */
static enum status read_all(struct reading *reading, struct error *err)
{
	const struct cluster_reading *cluster = reading->cluster;
	CLEANUP(repository_fini) struct repository repo = {0};
	struct worker_pool pool = {.call = cluster->call, .work = work, .arg = reading, .most = cluster->threads};
	enum status st = repository_join(&repo, cluster->repo, err);
	if (st)
		return st;
	if (worker_pool_start(&pool, cluster->threads, cluster->repo) == 0)
		st = error_set(err, STATUS_LOCAL, "no thread can be started");
	if (!st)
		st = list(reading, &repo, err);
	queue_close(&reading->queue);
	worker_pool_join(&pool);
	if (!st)
		st = queue_failed(&reading->queue, err);
	if (!st)
		st = settle_levels(reading, err);
	save(reading, true);
	return st;
}

enum status verify_read(struct cluster_reading *cluster, struct error *err)
{
	const struct call *call = cluster->call;
	struct reading reading = {.cluster = cluster, .run = {clock_utc_s(call->clock), cluster->newest_s}};
	reading.saved_ms = reading.began_ms = clock_monotonic_ms(call->clock);
	crc32c_init(&reading.crc32c);
	queue_init(&reading.queue, reading.jobs, sizeof reading.jobs[0]);
	enum status st = record_boundaries_init(&reading.boundaries, cluster->threads, err);
	if (!st)
		st = read_all(&reading, err);
	progress_clear(cluster->progress);
	record_boundaries_fini(&reading.boundaries);
	level_changes_fini(&reading.level_changes);
	queue_fini(&reading.queue);
	return st;
}
