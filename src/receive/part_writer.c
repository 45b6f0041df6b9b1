#include "receive/part_writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/retry.h"
#include "receive/part_store.h"

static struct part_slot *slot_of(struct part_writer *writer, size_t number)
{
	return &writer->slots[number % PART_WRITER_SLOTS];
}

static void wake(const struct part_writer *writer)
{
	const uint64_t one = 1;
	/* It can fail only when the counter is near its end, and then it is readable. */
	if (write(writer->wake_fd, &one, sizeof one) < 0)
		return;
}

/*
 * The workers.
 */

struct storing {
	struct part_writer *writer;
	const struct repository *repo;
	const struct part_slot *slot;
};

static void note_trouble(struct part_writer *writer, const struct error *trouble)
{
	const struct call *call = writer->settings.call;
	(void)pthread_mutex_lock(&writer->mutex);
	bool first = writer->failing_since_ms == 0;
	if (first)
		writer->failing_since_ms = clock_monotonic_ms(call->clock);
	writer->err = *trouble;
	(void)pthread_mutex_unlock(&writer->mutex);
	log_line(call->log, first ? LEVEL_WARNING : LEVEL_INFO,
		 "stream: a part of the WAL could not be stored, the server keeps it: %s", trouble->text);
	wake(writer);
}

static void note_success(struct part_writer *writer)
{
	const struct call *call = writer->settings.call;
	(void)pthread_mutex_lock(&writer->mutex);
	int64_t since_ms = writer->failing_since_ms;
	writer->failing_since_ms = 0;
	(void)pthread_mutex_unlock(&writer->mutex);
	if (since_ms != 0)
		log_line(call->log, LEVEL_WARNING, "stream: the WAL is stored again, after %lld s",
			 (long long)(clock_monotonic_ms(call->clock) - since_ms) / 1000);
}

static enum status try_once(void *arg, struct attempt *attempt, struct error *err)
{
	const struct storing *storing = arg;
	struct part_writer *writer = storing->writer;
	const struct part_writer_settings *settings = &writer->settings;
	struct call call = *settings->call;
	/* An upload that has begun ends, whatever signal comes: the WAL is there and can be saved. */
	call.signal_hold = NULL;
	call.deadline_ms = clock_monotonic_ms(call.clock) + settings->timeout_ms;
	const struct part_store store = {.repo = storing->repo,
					 .call = &call,
					 .system_id = settings->system_id,
					 .segment_bytes = settings->segment_bytes,
					 .object = {.codec = settings->codec, .level = settings->level, .threads = 1}};
	enum status st = part_store_create(&store, storing->slot->begin.timeline, storing->slot->begin.lsn,
					   storing->slot->data, storing->slot->len, err);
	if (!st) {
		note_success(writer);
		return st;
	}
	attempt->again = st != STATUS_CONFLICT;
	if (attempt->again)
		note_trouble(writer, err);
	return st;
}

static enum status store_slot(const struct storing *storing, struct error *err)
{
	struct call call = *storing->writer->settings.call;
	call.deadline_ms = INT64_MAX;
	union {
		const struct storing *in;
		void *out;
	} arg = {.in = storing};
	return retry_run(&call, try_once, arg.out, err);
}

/* In order: a later part that was stored earlier does not count yet. */
static void advance(struct part_writer *writer)
{
	while (writer->done < writer->taken && slot_of(writer, writer->done)->state == PART_DONE) {
		struct part_slot *slot = slot_of(writer, writer->done++);
		writer->durable = (struct wal_position){slot->begin.timeline, slot->begin.lsn + slot->len};
		writer->stored_parts++;
		writer->stored_bytes += slot->len;
		slot->len = 0;
		slot->state = PART_FREE;
	}
}

static void work(void *arg, const struct repository *repo)
{
	struct part_writer *writer = arg;
	(void)pthread_mutex_lock(&writer->mutex);
	for (;;) {
		while (!writer->closing && writer->taken == writer->filled)
			(void)pthread_cond_wait(&writer->changed, &writer->mutex);
		/* What one worker could not store at the end, no other one tries. */
		if (writer->taken == writer->filled || (writer->closing && writer->failed))
			break;
		struct error err = {0};
		struct part_slot *slot = slot_of(writer, writer->taken++);
		const struct storing storing = {writer, repo, slot};
		slot->state = PART_BUSY;
		writer->busy++;
		(void)pthread_mutex_unlock(&writer->mutex);
		enum status st = store_slot(&storing, &err);
		(void)pthread_mutex_lock(&writer->mutex);
		writer->busy--;
		slot->state = st ? PART_FAILED : PART_DONE;
		if (st && !writer->failed) {
			writer->failed = st;
			writer->err = err;
		}
		advance(writer);
		wake(writer);
	}
	(void)pthread_mutex_unlock(&writer->mutex);
}

/*
 * The thread that fills.
 */

enum status part_writer_open(struct part_writer *writer, const struct part_writer_settings *settings, struct error *err)
{
	*writer = (struct part_writer){.settings = *settings, .span = {.size = settings->part_bytes / 2}};
	writer->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (writer->wake_fd < 0)
		return error_errno(err, STATUS_LOCAL, errno, "eventfd");
	writer->history = malloc(writer->span.size);
	if (writer->history == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	(void)pthread_mutex_init(&writer->mutex, NULL);
	(void)pthread_cond_init(&writer->changed, NULL);
	writer->pool = (struct worker_pool){
	    .call = writer->settings.call, .work = work, .arg = writer, .most = PART_WRITER_WORKERS};
	if (worker_pool_start(&writer->pool, PART_WRITER_WORKERS, settings->repo) == 0)
		return error_set(err, STATUS_LOCAL, "cannot start a thread");
	return STATUS_OK;
}

/* Later parts may repeat the bytes of this one, if they lie in the same segment. */
static void keep(struct part_writer *writer, const struct part_slot *slot)
{
	size_t before = writer->span.len, own = slot->len - slot->repeated;
	part_span_add(&writer->span, own);
	if (writer->next.lsn % writer->settings.segment_bytes == 0)
		part_span_clear(&writer->span);
	if (writer->span.len > 0)
		memcpy(writer->history + before, slot->data + slot->repeated, own);
}

/* Only the filling thread touches the buffer until this. */
static void submit(struct part_writer *writer)
{
	(void)pthread_mutex_lock(&writer->mutex);
	struct part_slot *slot = slot_of(writer, writer->filled);
	if (slot->state == PART_FREE && slot->len > 0) {
		keep(writer, slot);
		slot->state = PART_READY;
		writer->filled++;
		(void)pthread_cond_signal(&writer->changed);
	}
	(void)pthread_mutex_unlock(&writer->mutex);
}

void part_writer_restart(struct part_writer *writer, struct wal_position position)
{
	(void)pthread_mutex_lock(&writer->mutex);
	writer->next = writer->durable = position;
	(void)pthread_mutex_unlock(&writer->mutex);
	part_span_clear(&writer->span);
}

/* The buffer to fill; NULL: all are in use. */
static struct part_slot *filling(struct part_writer *writer)
{
	(void)pthread_mutex_lock(&writer->mutex);
	struct part_slot *slot = slot_of(writer, writer->filled);
	bool is_free = slot->state == PART_FREE;
	(void)pthread_mutex_unlock(&writer->mutex);
	return is_free ? slot : NULL;
}

static size_t room_of(const struct part_writer *writer, const struct part_slot *slot)
{
	uint64_t to_end = writer->settings.segment_bytes - writer->next.lsn % writer->settings.segment_bytes;
	size_t used = slot->len > 0 ? slot->len : part_span_back(&writer->span);
	size_t room = writer->settings.part_bytes - used;
	return room < to_end ? room : (size_t)to_end;
}

size_t part_writer_room(struct part_writer *writer)
{
	const struct part_slot *slot = filling(writer);
	return slot == NULL ? 0 : room_of(writer, slot);
}

static void begin_part(struct part_writer *writer, struct part_slot *slot)
{
	size_t back = part_span_back(&writer->span);
	slot->begin = (struct wal_position){writer->next.timeline, writer->next.lsn - back};
	slot->len = slot->repeated = back;
	if (back > 0)
		memcpy(slot->data, writer->history + writer->span.len - back, back);
	writer->first_ms = clock_monotonic_ms(writer->settings.call->clock);
}

enum status part_writer_add(struct part_writer *writer, const void *data, size_t len, struct error *err)
{
	struct part_slot *slot = filling(writer);
	if (slot->data == NULL)
		slot->data = malloc(writer->settings.part_bytes);
	if (slot->data == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	if (slot->len == 0)
		begin_part(writer, slot);
	memcpy(slot->data + slot->len, data, len);
	slot->len += len;
	writer->next.lsn += len;
	/* A part lies in one segment. */
	if (slot->len == writer->settings.part_bytes || writer->next.lsn % writer->settings.segment_bytes == 0)
		submit(writer);
	return STATUS_OK;
}

int64_t part_writer_tick(struct part_writer *writer, bool now)
{
	const struct part_slot *slot = filling(writer);
	if (slot == NULL || slot->len == 0)
		return -1;
	int64_t due_ms = writer->first_ms + writer->settings.interval_ms;
	int64_t left_ms = due_ms - clock_monotonic_ms(writer->settings.call->clock);
	if (writer->settings.interval_ms == 0) {
		(void)pthread_mutex_lock(&writer->mutex);
		bool free_worker = writer->taken == writer->filled && writer->busy < PART_WRITER_WORKERS;
		(void)pthread_mutex_unlock(&writer->mutex);
		left_ms = free_worker ? 0 : -1; /* a worker that becomes free wakes the caller */
	} else if (left_ms < 0) {
		left_ms = 0;
	}
	if (!now && left_ms != 0)
		return left_ms;
	submit(writer);
	return -1;
}

enum status part_writer_state(struct part_writer *writer, struct part_writer_state *out, struct error *err)
{
	uint64_t count;
	/* Readable again from the next part on. */
	if (read(writer->wake_fd, &count, sizeof count) < 0 && errno != EAGAIN && errno != EINTR)
		return error_errno(err, STATUS_LOCAL, errno, "read an eventfd");
	(void)pthread_mutex_lock(&writer->mutex);
	const struct part_slot *slot = slot_of(writer, writer->filled);
	int64_t since_ms = writer->failing_since_ms;
	*out = (struct part_writer_state){
	    .durable = writer->durable,
	    .next = writer->next,
	    .idle = writer->done == writer->filled && slot->len == 0,
	    .stored_parts = writer->stored_parts,
	    .stored_bytes = writer->stored_bytes,
	    .failing_ms = since_ms == 0 ? 0 : clock_monotonic_ms(writer->settings.call->clock) - since_ms + 1,
	    .trouble = writer->err,
	};
	enum status st = writer->failed;
	if (st)
		*err = writer->err;
	(void)pthread_mutex_unlock(&writer->mutex);
	return st;
}

void part_writer_close(struct part_writer *writer)
{
	submit(writer);
	(void)pthread_mutex_lock(&writer->mutex);
	writer->closing = true;
	(void)pthread_cond_broadcast(&writer->changed);
	(void)pthread_mutex_unlock(&writer->mutex);
	worker_pool_join(&writer->pool);
	for (size_t i = 0; i < PART_WRITER_SLOTS; i++)
		free(writer->slots[i].data);
	free(writer->history);
	(void)pthread_cond_destroy(&writer->changed);
	(void)pthread_mutex_destroy(&writer->mutex);
	(void)close(writer->wake_fd);
}
