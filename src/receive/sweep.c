#include "receive/sweep.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "pg/wal/part_name.h"

#define SWEEP_S 60             /* archive_command takes a while, and each look costs requests */
#define SEGMENTS_MAX 1024      /* of one look; the others come with the next one */
#define LEFT_S (2 * 24 * 3600) /* after that the parts of a timeline that was left go too */

struct segment {
	struct wal_name name;
	int64_t newest_s;
};

/* What one look has found. */
struct found {
	struct segment *items;
	size_t count, capacity;
	const struct sweep *sweep;
	uint32_t timeline; /* where the stream is */
	uint64_t number;
};

static void found_fini(struct found *found)
{
	free(found->items);
}

static struct call step_of(const struct sweep *sweep)
{
	struct call call = *sweep->call;
	call.deadline_ms = clock_monotonic_ms(call.clock) + sweep->timeout_ms;
	call.step_ms = sweep->timeout_ms;
	call.step_begun = NULL;
	return call;
}

static enum status take(void *arg, const struct object_info *info, struct error *err)
{
	struct found *found = arg;
	struct wal_part part;
	uint64_t system_id, number;
	if (!wal_part_parse(info->name, &system_id, &part) ||
	    !wal_name_number(&part.segment, found->sweep->segment_bytes, &number) ||
	    (part.segment.timeline == found->timeline && number >= found->number))
		return STATUS_OK;
	struct segment *last = found->count == 0 ? NULL : &found->items[found->count - 1];
	if (last == NULL || strcmp(last->name.text, part.segment.text) != 0) {
		if (found->count == SEGMENTS_MAX)
			return STATUS_OK;
		struct segment *items = array_grow(found->items, found->count, &found->capacity, sizeof *items);
		if (items == NULL)
			return error_set(err, STATUS_LOCAL, "out of memory");
		found->items = items;
		last = &items[found->count++];
		*last = (struct segment){.name = part.segment};
	}
	if (info->modified_s > last->newest_s)
		last->newest_s = info->modified_s;
	return STATUS_OK;
}

struct names {
	char (*items)[WAL_OBJECT_NAME_MAX];
	size_t count, capacity;
};

static void names_fini(struct names *names)
{
	free(names->items);
}

static enum status take_name(void *arg, const struct object_info *info, struct error *err)
{
	struct names *names = arg;
	struct wal_part part;
	uint64_t system_id;
	if (!wal_part_parse(info->name, &system_id, &part))
		return STATUS_OK;
	/* STATUS_EXISTS ends the listing. */
	if (names->count == STORE_REMOVE_MAX)
		return STATUS_EXISTS;
	void *items = array_grow(names->items, names->count, &names->capacity, sizeof *names->items);
	if (items == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	names->items = items;
	(void)snprintf(names->items[names->count++], WAL_OBJECT_NAME_MAX, "%s", info->name);
	return STATUS_OK;
}

static enum status note_refusal(void *arg, const struct store_refusal *refusal, struct error *err)
{
	struct sweep *sweep = arg;
	(void)err;
	if (!sweep->refused)
		log_line(sweep->call->log, LEVEL_WARNING,
			 "stream: the store does not let walship remove parts of archived segments, such as %s: %s; a "
			 "lifecycle rule for stream/ can do that",
			 refusal->name, refusal->why->text);
	sweep->refused = true;
	return STATUS_OK;
}

/* Removes as many parts as one request can. *first: a copy of the first part's name; "": no part is left. */
static enum status remove_some(struct sweep *sweep, const struct repository *repo, const char *prefix,
			       char first[WAL_OBJECT_NAME_MAX], size_t *count, struct error *err)
{
	const char *pointers[STORE_REMOVE_MAX];
	CLEANUP(names_fini) struct names names = {0};
	struct call call = step_of(sweep);
	enum status st = store_list(repo->store, &call, prefix, take_name, &names, err);
	if (st && st != STATUS_EXISTS)
		return st;
	for (size_t i = 0; i < names.count; i++)
		pointers[i] = names.items[i];
	(void)snprintf(first, WAL_OBJECT_NAME_MAX, "%s", names.count > 0 ? names.items[0] : "");
	*count = names.count;
	const struct store_removal removal = {pointers, names.count, note_refusal, sweep};
	call = step_of(sweep);
	return names.count == 0 ? STATUS_OK : store_remove_many(repo->store, &call, &removal, err);
}

/* A segment may have tens of thousands of parts, more than one request can remove. */
static enum status remove_parts(struct sweep *sweep, const struct repository *repo, const struct wal_name *segment,
				struct error *err)
{
	char prefix[WAL_OBJECT_NAME_MAX], first[WAL_OBJECT_NAME_MAX], before[WAL_OBJECT_NAME_MAX] = "";
	size_t count = STORE_REMOVE_MAX, removed = 0;
	enum status st = STATUS_OK;
	wal_part_prefix(prefix, sweep->system_id, segment);
	while (!st && count == STORE_REMOVE_MAX && !sweep->refused && !call_is_interrupted(sweep->call)) {
		st = remove_some(sweep, repo, prefix, first, &count, err);
		/* The store still lists removed parts. */
		if (st || count == 0 || strcmp(first, before) == 0)
			break;
		(void)snprintf(before, sizeof before, "%s", first);
		removed += count;
	}
	if (!st && removed > 0 && !sweep->refused)
		log_line(sweep->call->log, LEVEL_INFO, "stream: removed %zu parts of %s, which the archive has",
			 removed, segment->text);
	return st;
}

/* *gone: the archive has the segment, or its timeline was left long ago. */
static enum status judge(const struct found *found, const struct repository *repo, const struct segment *segment,
			 bool *gone, struct error *err)
{
	char object[WAL_OBJECT_NAME_MAX];
	struct object_info info;
	struct call call = step_of(found->sweep);
	wal_object_name(object, found->sweep->system_id, &segment->name);
	enum status st = store_stat(repo->store, &call, object, &info, err);
	*gone =
	    !st || (segment->name.timeline < found->timeline && clock_utc_s(call.clock) - segment->newest_s > LEFT_S);
	return st == STATUS_MISSING ? STATUS_OK : st;
}

/* *left: some parts stay, and another look is worth its requests. */
static enum status look(struct sweep *sweep, const struct repository *repo, struct found *found, bool *left,
			struct error *err)
{
	char prefix[WAL_OBJECT_NAME_MAX];
	struct call call = step_of(sweep);
	(void)snprintf(prefix, sizeof prefix, "%" PRIu64 "/stream/", sweep->system_id);
	enum status st = store_list(repo->store, &call, prefix, take, found, err);
	*left = found->count == SEGMENTS_MAX;
	for (size_t i = 0; !st && i < found->count && !sweep->refused; i++) {
		bool gone;
		st = judge(found, repo, &found->items[i], &gone, err);
		if (!st && gone)
			st = remove_parts(sweep, repo, &found->items[i].name, err);
		*left |= !gone;
	}
	return st;
}

/* Waits for the time of the next look. False: the sweep is to end. */
static bool wait_for_look(struct sweep *sweep, struct found *found)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += SWEEP_S;
	(void)pthread_mutex_lock(&sweep->mutex);
	int timed_out = 0;
	while (!sweep->closing && timed_out != ETIMEDOUT)
		timed_out = pthread_cond_timedwait(&sweep->changed, &sweep->mutex, &until);
	while (!sweep->closing && !sweep->due)
		(void)pthread_cond_wait(&sweep->changed, &sweep->mutex);
	found->timeline = sweep->timeline;
	found->number = sweep->number;
	sweep->due = false;
	bool goes_on = !sweep->closing;
	(void)pthread_mutex_unlock(&sweep->mutex);
	return goes_on;
}

static void work(void *arg, const struct repository *repo)
{
	struct sweep *sweep = arg;
	while (!sweep->refused) {
		CLEANUP(found_fini) struct found found = {.sweep = sweep};
		struct error err = {0};
		bool left = true;
		if (!wait_for_look(sweep, &found))
			return;
		if (look(sweep, repo, &found, &left, &err)) {
			log_line(sweep->call->log, LEVEL_INFO, "stream: parts of archived segments stay: %s", err.text);
			left = true;
		}
		(void)pthread_mutex_lock(&sweep->mutex);
		sweep->due |= left;
		(void)pthread_mutex_unlock(&sweep->mutex);
	}
}

void sweep_start(struct sweep *sweep, const struct repository *repo)
{
	pthread_condattr_t monotonic;
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&sweep->mutex, NULL);
	(void)pthread_cond_init(&sweep->changed, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	sweep->running = sweep->due = true;
	sweep->pool = (struct worker_pool){.call = sweep->call, .work = work, .arg = sweep, .most = 1};
	if (worker_pool_start(&sweep->pool, 1, repo) == 0)
		log_line(sweep->call->log, LEVEL_WARNING,
			 "stream: parts of archived segments stay: cannot start a thread");
}

void sweep_move(struct sweep *sweep, uint32_t timeline, uint64_t lsn)
{
	uint64_t number = lsn / sweep->segment_bytes;
	(void)pthread_mutex_lock(&sweep->mutex);
	if (sweep->timeline != timeline || sweep->number != number) {
		sweep->timeline = timeline;
		sweep->number = number;
		sweep->due = true;
		(void)pthread_cond_signal(&sweep->changed);
	}
	(void)pthread_mutex_unlock(&sweep->mutex);
}

void sweep_stop(struct sweep *sweep)
{
	if (!sweep->running)
		return;
	(void)pthread_mutex_lock(&sweep->mutex);
	sweep->closing = true;
	(void)pthread_cond_broadcast(&sweep->changed);
	(void)pthread_mutex_unlock(&sweep->mutex);
	worker_pool_join(&sweep->pool);
	(void)pthread_cond_destroy(&sweep->changed);
	(void)pthread_mutex_destroy(&sweep->mutex);
	sweep->running = false;
}
