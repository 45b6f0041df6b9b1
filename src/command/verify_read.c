#include "command/verify_read.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/processors.h"
#include "base/thread.h"
#include "command/joint.h"
#include "command/measure.h"
#include "command/print.h"
#include "command/read_plan.h"

#define THREADS_MAX 16
#define QUEUE_MAX 64                /* jobs: the listing is that far ahead */
#define STACK_BYTES (1024UL * 1024) /* jansson goes 2048 calls deep, when a thread renews its credentials */
#define SAVE_MS 30000               /* what a killed run has read is not read again, but for so much */
#define BAR_WIDTH 24

struct reading_crew {
	struct cluster_reading *reading;
	struct crc32c crc32c;
	int64_t began_s, began_ms;
	pthread_mutex_t mutex; /* guards what follows, reading's totals, memory and progress, and the output */
	pthread_cond_t changed;
	struct read_job queue[QUEUE_MAX]; /* a ring: job n is queue[n % QUEUE_MAX] */
	uint64_t queued, begun;
	bool closed;      /* no more will be queued */
	enum status st;   /* why all stops */
	struct error err; /* the same */
	struct joints joints;
	int64_t saved_ms;
	bool unsaved; /* it could not be, and that was said */
};

struct reader {
	struct reading_crew *crew;
	struct session session;
	pthread_t thread;
	bool running;
};

/*
 * Under the mutex.
 */

static void fail(struct reading_crew *crew, enum status st, const struct error *err)
{
	if (!crew->st) {
		crew->st = st;
		crew->err = *err;
	}
	(void)pthread_cond_broadcast(&crew->changed);
}

static void tell_damage(struct reading_crew *crew, const struct wal_name *name, const struct error *trouble)
{
	struct cluster_reading *reading = crew->reading;
	CLEANUP(buffer_fini) struct buffer line = {0};
	struct error err = {0};
	char object[WAL_OBJECT_NAME_MAX];
	enum status st;
	wal_object_name(object, reading->system_id, name);
	reading->totals.damaged++;
	progress_clear(reading->progress);
	if (command_flag(reading->context, "json")) {
		st = print_json(reading->context,
				json_pack("{s:s, s:s, s:o}", "kind", "damaged", "object", object, "error",
					  print_string(trouble->text)),
				&err);
	} else {
		st = buffer_printf(&line, &err, "✗ %s: %s\n", object, trouble->text);
		if (!st)
			st = print_text(reading->context, &line, &err);
	}
	if (st)
		fail(crew, st, &err);
}

static void save(struct reading_crew *crew, bool now)
{
	struct error err = {0};
	int64_t now_ms = clock_monotonic_ms(crew->reading->context->call->clock);
	if (!now && now_ms - crew->saved_ms < SAVE_MS)
		return;
	crew->saved_ms = now_ms;
	if (crew->unsaved || verified_save(crew->reading->verified, &err) == STATUS_OK)
		return;
	/* What was found is worth more than the time that the next run takes. */
	crew->unsaved = true;
	log_line(crew->reading->context->call->log, LEVEL_WARNING, "what was read is not remembered: %s", err.text);
}

static void show_progress(const struct reading_crew *crew)
{
	const struct cluster_reading *reading = crew->reading;
	char bar[BAR_WIDTH + 1], done_text[MEASURE_MAX], all_text[MEASURE_MAX];
	if (!progress_is_due(reading->progress))
		return;
	double done = (double)reading->totals.bytes;
	double all = (double)(reading->bytes > reading->totals.bytes ? reading->bytes : reading->totals.bytes + 1);
	double took_s = (double)(clock_monotonic_ms(reading->context->call->clock) - crew->began_ms) / 1000;
	for (int i = 0; i < BAR_WIDTH; i++)
		bar[i] = done / all * BAR_WIDTH > i ? '#' : '.';
	bar[BAR_WIDTH] = '\0';
	measure_bytes(reading->totals.bytes, done_text);
	measure_bytes((uint64_t)all, all_text);
	long long left_s = done > 0 ? (long long)(took_s * (all - done) / done) : 0;
	progress_show(reading->progress,
		      "[%s] %3.0f %%, %" PRIu64 " of %" PRIu64 " objects, %s of %s, %lld:%02lld:%02lld left", bar,
		      100 * done / all, reading->totals.objects, reading->objects, done_text, all_text, left_s / 3600,
		      left_s / 60 % 60, left_s % 60);
}

static void note(struct reading_crew *crew, const struct wal_name *name, bool good)
{
	struct cluster_reading *reading = crew->reading;
	struct error err = {0};
	uint64_t number;
	if (name->kind != WAL_SEGMENT || !wal_name_number(name, reading->segment_bytes, &number))
		return;
	enum status st = good ? verified_add(reading->verified, name->timeline, number, crew->began_s, &err)
			      : verified_remove(reading->verified, name->timeline, number, &err);
	if (!st && !good)
		st = reading->lost(reading->arg, name->timeline, number, &err);
	if (st)
		fail(crew, st, &err);
}

/* What goes from one segment into the next; bad: neither is as it should be, whichever it is. */
static void take_joint(struct reading_crew *crew, enum joint_outcome outcome, const struct wal_name *second,
		       const struct error *trouble)
{
	struct cluster_reading *reading = crew->reading;
	uint64_t number;
	reading->totals.records += outcome == JOINT_GOOD;
	reading->totals.skipped += outcome == JOINT_SKIPPED;
	if (outcome != JOINT_DAMAGED)
		return;
	tell_damage(crew, second, trouble);
	note(crew, second, false);
	if (!wal_name_number(second, reading->segment_bytes, &number) || number == 0)
		return;
	struct wal_name first;
	wal_name_of_number(&first, second->timeline, number - 1, reading->segment_bytes);
	note(crew, &first, false);
}

static void take_joints(struct reading_crew *crew, const struct read_job *job, const struct inspected *inspected)
{
	struct error trouble = {0};
	struct wal_name next = job->name;
	take_joint(crew, joints_begin(&crew->joints, job->number, inspected, job->follows, &trouble), &job->name,
		   &trouble);
	enum joint_outcome outcome = joints_end(&crew->joints, job->number, inspected, &trouble);
	(void)wal_name_next(&next, crew->reading->segment_bytes);
	take_joint(crew, outcome, &next, &trouble);
}

static void take_result(struct reading_crew *crew, const struct read_job *job, enum status st,
			const struct inspected *inspected, const struct error *trouble)
{
	struct cluster_reading *reading = crew->reading;
	/* What this user may not read is one object; an outage is all of them. */
	if (st == STATUS_LOCAL)
		st = STATUS_DAMAGED;
	if (st == STATUS_DAMAGED)
		tell_damage(crew, &job->name, trouble);
	else if (st != STATUS_OK && st != STATUS_MISSING)
		fail(crew, st, trouble);
	/* What was removed since it was listed is not read, and no window goes through it. */
	reading->totals.objects += st != STATUS_MISSING;
	reading->totals.bytes += job->bytes;
	reading->totals.records += inspected->records.count;
	if (!st || st == STATUS_DAMAGED || st == STATUS_MISSING)
		note(crew, &job->name, !st);
	take_joints(crew, job, inspected);
	save(crew, false);
	show_progress(crew);
}

/*
 * The threads.
 */

static bool take_job(struct reading_crew *crew, struct read_job *out)
{
	while (crew->begun == crew->queued && !crew->closed && !crew->st)
		(void)pthread_cond_wait(&crew->changed, &crew->mutex);
	if (crew->st || crew->begun == crew->queued)
		return false;
	*out = crew->queue[crew->begun++ % QUEUE_MAX];
	(void)pthread_cond_broadcast(&crew->changed);
	return true;
}

static void *work(void *arg)
{
	struct reader *reader = arg;
	struct reading_crew *crew = reader->crew;
	struct read_job job;
	(void)pthread_mutex_lock(&crew->mutex);
	while (take_job(crew, &job)) {
		struct inspected inspected;
		struct error trouble = {0};
		struct inspection inspection = {.session = &reader->session,
						.call = crew->reading->context->call,
						.crc32c = &crew->crc32c,
						.system_id = crew->reading->system_id,
						.name = &job.name};
		(void)pthread_mutex_unlock(&crew->mutex);
		enum status st = inspect(&inspection, &inspected, &trouble);
		(void)pthread_mutex_lock(&crew->mutex);
		take_result(crew, &job, st, &inspected, &trouble);
		inspected_fini(&inspected);
	}
	(void)pthread_mutex_unlock(&crew->mutex);
	return NULL;
}

static enum status start(struct reading_crew *crew, struct reader *readers, unsigned count, struct error *err)
{
	unsigned running = 0;
	for (unsigned i = 0; i < count; i++) {
		readers[i].crew = crew;
		enum status st = session_join(&readers[i].session, crew->reading->session, crew->reading->context, err);
		if (st)
			return st;
		readers[i].running = thread_start(&readers[i].thread, STACK_BYTES, work, &readers[i]);
		running += readers[i].running;
	}
	return running > 0 ? STATUS_OK : error_set(err, STATUS_LOCAL, "no thread can be started");
}

static void stop(struct reading_crew *crew, struct reader *readers, unsigned count)
{
	(void)pthread_mutex_lock(&crew->mutex);
	crew->closed = true;
	(void)pthread_cond_broadcast(&crew->changed);
	(void)pthread_mutex_unlock(&crew->mutex);
	for (unsigned i = 0; i < count; i++) {
		if (readers[i].running)
			(void)pthread_join(readers[i].thread, NULL);
		session_fini(&readers[i].session);
	}
}

/*
 * The listing.
 */

static enum status queue(void *arg, const struct read_job *job, struct error *err)
{
	struct reading_crew *crew = arg;
	while (crew->queued - crew->begun == QUEUE_MAX && !crew->st)
		(void)pthread_cond_wait(&crew->changed, &crew->mutex);
	if (crew->st) {
		*err = crew->err;
		return crew->st;
	}
	crew->queue[crew->queued++ % QUEUE_MAX] = *job;
	(void)pthread_cond_broadcast(&crew->changed);
	return STATUS_OK;
}

struct lister {
	struct reading_crew *crew;
	struct read_plan plan;
};

static enum status on_object(void *arg, const struct object_info *info, struct error *err)
{
	struct lister *lister = arg;
	struct reading_crew *crew = lister->crew;
	struct wal_name name;
	uint64_t system_id, number;
	if (!wal_object_parse(info->name, &system_id, &name))
		return STATUS_OK;
	(void)pthread_mutex_lock(&crew->mutex);
	bool known = name.kind == WAL_SEGMENT && wal_name_number(&name, lister->plan.segment_bytes, &number) &&
		     verified_has(crew->reading->verified, name.timeline, number, info->modified_s);
	enum status st = STATUS_OK;
	if (info->archived)
		read_plan_pass(&lister->plan);
	else
		st = read_plan_add(&lister->plan, &name, info->bytes, !known, err);
	(void)pthread_mutex_unlock(&crew->mutex);
	return st;
}

static enum status list(struct reading_crew *crew, struct session *session, struct error *err)
{
	char prefix[32];
	struct lister lister = {.crew = crew,
				.plan = {.segment_bytes = crew->reading->segment_bytes, .read = queue, .arg = crew}};
	(void)snprintf(prefix, sizeof prefix, "%" PRIu64 "/", crew->reading->system_id);
	enum status st = store_list(session->store, crew->reading->context->call, prefix, on_object, &lister, err);
	crew->reading->totals.remembered = lister.plan.remembered;
	crew->reading->totals.unreadable = lister.plan.unreadable;
	return st;
}

static unsigned thread_count(const struct config *config)
{
	unsigned processors = processors_count();
	/* Each connection has the limit for itself. */
	if (config_number(config, OPTION_ID_S3_BANDWIDTH_LIMIT) > 0)
		return 1;
	return processors < THREADS_MAX ? processors : THREADS_MAX;
}

enum status verify_read(struct cluster_reading *reading, struct error *err)
{
	const struct call *call = reading->context->call;
	struct reader readers[THREADS_MAX] = {0};
	unsigned count = thread_count(reading->context->config);
	struct reading_crew crew = {.reading = reading, .began_s = clock_utc_s(call->clock)};
	CLEANUP(session_fini) struct session session = {0};
	crew.saved_ms = crew.began_ms = clock_monotonic_ms(call->clock);
	crc32c_init(&crew.crc32c);
	(void)pthread_mutex_init(&crew.mutex, NULL);
	(void)pthread_cond_init(&crew.changed, NULL);
	enum status st = joints_init(&crew.joints, count, err);
	if (!st)
		st = session_join(&session, reading->session, reading->context, err);
	if (!st)
		st = start(&crew, readers, count, err);
	if (!st)
		st = list(&crew, &session, err);
	stop(&crew, readers, count);
	save(&crew, true);
	if (!st && crew.st) {
		st = crew.st;
		*err = crew.err;
	}
	progress_clear(reading->progress);
	joints_fini(&crew.joints);
	(void)pthread_cond_destroy(&crew.changed);
	(void)pthread_mutex_destroy(&crew.mutex);
	return st;
}
