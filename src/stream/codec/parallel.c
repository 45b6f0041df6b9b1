#include "stream/codec/parallel.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "stream/terminal_sink.h"
#include "sys/thread.h"

#define STACK_BYTES (256UL * 1024)
#define PIECES_MAX (PARALLEL_THREADS_MAX + 2) /* one being filled, one being written, and one per thread */

struct piece {
	uint8_t *plain; /* PARALLEL_PIECE_BYTES; allocated on first use */
	size_t plain_len;
	struct buffer packed;
	bool done; /* packed is complete, or st and err are set */
	enum status st;
	struct error err;
};

struct parallel {
	struct sink sink;
	struct sink *next;
	const struct codec *codec;
	int level;
	unsigned thread_count, running;
	pthread_t threads[PARALLEL_THREADS_MAX];
	size_t piece_count;
	struct piece pieces[PIECES_MAX]; /* ring: piece n is pieces[n % piece_count] */
	size_t written;                  /* number of pieces written to next; used by the caller's thread only */
	pthread_mutex_t mutex;           /* guards the fields below, and done of the pieces */
	pthread_cond_t changed;
	size_t filled, begun; /* numbers of pieces */
	bool stopped;
};

static void pack(const struct parallel *parallel, struct piece *piece)
{
	struct buffer_sink end = terminal_sink_buffer(&piece->packed, SIZE_MAX);
	struct sink *chain = &end.sink;
	buffer_clear(&piece->packed);
	piece->st = parallel->codec->compress(&chain, parallel->level, &piece->err);
	if (!piece->st)
		piece->st = sink_write(chain, piece->plain, piece->plain_len, &piece->err);
	if (!piece->st)
		piece->st = sink_finish(chain, &piece->err);
	sink_free(chain);
}

static struct piece *piece_at(struct parallel *parallel, size_t number)
{
	return &parallel->pieces[number % parallel->piece_count];
}

static void *work(void *arg)
{
	struct parallel *parallel = arg;
	(void)pthread_mutex_lock(&parallel->mutex);
	while (!parallel->stopped) {
		if (parallel->begun == parallel->filled) {
			(void)pthread_cond_wait(&parallel->changed, &parallel->mutex);
			continue;
		}
		struct piece *piece = piece_at(parallel, parallel->begun++);
		(void)pthread_mutex_unlock(&parallel->mutex);
		pack(parallel, piece);
		(void)pthread_mutex_lock(&parallel->mutex);
		piece->done = true;
		(void)pthread_cond_broadcast(&parallel->changed);
	}
	(void)pthread_mutex_unlock(&parallel->mutex);
	return NULL;
}

static void start_threads(struct parallel *parallel)
{
	while (parallel->running < parallel->thread_count &&
	       thread_start(&parallel->threads[parallel->running], STACK_BYTES, work, parallel))
		parallel->running++;
	/* Use the threads that started; without any the caller compresses. */
	parallel->thread_count = parallel->running;
}

/* Queues the filled piece for compression. */
static void submit(struct parallel *parallel)
{
	(void)pthread_mutex_lock(&parallel->mutex);
	piece_at(parallel, parallel->filled)->done = false;
	parallel->filled++;
	(void)pthread_cond_broadcast(&parallel->changed);
	(void)pthread_mutex_unlock(&parallel->mutex);
}

/* Whether the oldest piece can be written; with wait, blocks until it can. */
static bool is_ready(struct parallel *parallel, bool wait)
{
	struct piece *piece = piece_at(parallel, parallel->written);
	bool mine = false;
	(void)pthread_mutex_lock(&parallel->mutex);
	if (wait && parallel->thread_count == 0 && parallel->begun == parallel->written) {
		parallel->begun++;
		mine = true;
	}
	while (!mine && wait && !piece->done)
		(void)pthread_cond_wait(&parallel->changed, &parallel->mutex);
	bool done = piece->done;
	(void)pthread_mutex_unlock(&parallel->mutex);
	if (mine)
		pack(parallel, piece);
	return mine || done;
}

/* Writes the pieces that are ready, in order: all of them, or as many as needed to free one. */
static enum status write_ready(struct parallel *parallel, bool all, struct error *err)
{
	while (parallel->written < parallel->filled) {
		bool full = parallel->filled - parallel->written == parallel->piece_count;
		if (!is_ready(parallel, all || full))
			break;
		struct piece *piece = piece_at(parallel, parallel->written++);
		if (piece->st) {
			*err = piece->err;
			return piece->st;
		}
		enum status st = sink_write(parallel->next, piece->packed.data, piece->packed.len, err);
		if (st)
			return st;
	}
	return STATUS_OK;
}

/* Makes room in the current piece. A full piece is queued only when more data arrives, so that no piece is empty. */
static enum status make_room(struct parallel *parallel, struct error *err)
{
	struct piece *piece = piece_at(parallel, parallel->filled);
	if (piece->plain_len == PARALLEL_PIECE_BYTES) {
		if (parallel->filled == 0)
			start_threads(parallel);
		submit(parallel);
		enum status st = write_ready(parallel, false, err);
		if (st)
			return st;
		piece = piece_at(parallel, parallel->filled);
		piece->plain_len = 0;
	}
	if (piece->plain == NULL)
		piece->plain = malloc(PARALLEL_PIECE_BYTES);
	return piece->plain != NULL ? STATUS_OK : error_set(err, STATUS_LOCAL, "out of memory");
}

static enum status parallel_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct parallel *parallel = (struct parallel *)sink;
	const uint8_t *from = data;
	while (len > 0) {
		enum status st = make_room(parallel, err);
		if (st)
			return st;
		struct piece *piece = piece_at(parallel, parallel->filled);
		size_t room = PARALLEL_PIECE_BYTES - piece->plain_len;
		size_t taken = len < room ? len : room;
		memcpy(piece->plain + piece->plain_len, from, taken);
		piece->plain_len += taken;
		from += taken;
		len -= taken;
	}
	return STATUS_OK;
}

static void stop_threads(struct parallel *parallel)
{
	(void)pthread_mutex_lock(&parallel->mutex);
	parallel->stopped = true;
	(void)pthread_cond_broadcast(&parallel->changed);
	(void)pthread_mutex_unlock(&parallel->mutex);
	while (parallel->running > 0)
		(void)pthread_join(parallel->threads[--parallel->running], NULL);
}

static enum status parallel_finish(struct sink *sink, struct error *err)
{
	struct parallel *parallel = (struct parallel *)sink;
	if (parallel->filled == 0)
		parallel->thread_count = 0;
	submit(parallel);
	enum status st = write_ready(parallel, true, err);
	/* The rest is waiting for a disk or a store. */
	stop_threads(parallel);
	return st ? st : sink_finish(parallel->next, err);
}

static void parallel_free(struct sink *sink)
{
	struct parallel *parallel = (struct parallel *)sink;
	stop_threads(parallel);
	for (size_t i = 0; i < PIECES_MAX; i++) {
		free(parallel->pieces[i].plain);
		buffer_fini(&parallel->pieces[i].packed);
	}
	(void)pthread_mutex_destroy(&parallel->mutex);
	(void)pthread_cond_destroy(&parallel->changed);
	sink_free(parallel->next);
	free(parallel);
}

enum status parallel_compress(struct sink **chain, const struct codec *codec, int level, unsigned threads,
			      struct error *err)
{
	static const struct sink_ops ops = {parallel_write, parallel_finish, parallel_free};
	struct parallel *parallel = calloc(1, sizeof *parallel);
	if (parallel == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory for %s", codec->name);
	parallel->sink.ops = &ops;
	parallel->codec = codec;
	parallel->level = level;
	parallel->thread_count = threads < PARALLEL_THREADS_MAX ? threads : PARALLEL_THREADS_MAX;
	parallel->piece_count = parallel->thread_count + 2;
	(void)pthread_mutex_init(&parallel->mutex, NULL);
	(void)pthread_cond_init(&parallel->changed, NULL);
	parallel->next = *chain;
	*chain = &parallel->sink;
	return STATUS_OK;
}
