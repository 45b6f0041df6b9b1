#include "backup/pack_pool.h"

#include <stdlib.h>

#include "base/array.h"
#include "repo/own_object.h"
#include "sys/thread.h"

#define STACK_BYTES (1024UL * 1024) /* jansson recurses 2048 levels deep when a thread renews its credentials */

enum pack_state {
	PACK_FREE,
	PACK_FILLING,
	PACK_FULL, /* the pack's thread finishes it */
};

/* A place for one pack after another, with the connection and the thread that finish the pack. */
struct open_pack {
	struct pack_pool *pool;
	struct repository repo;
	pthread_t thread;
	bool running;
	enum pack_state state; /* guarded by the pool's mutex */
	uint32_t number;
	struct call step;
	char name[BACKUP_OBJECT_NAME_MAX];
	struct pack_writer *writer;
	struct sink *object; /* full: to be finished */
};

struct pack_pool {
	struct pack_pool_settings settings;
	struct open_pack *packs;
	size_t prepared;
	pthread_mutex_t mutex; /* guards what follows */
	pthread_cond_t changed;
	bool stopped;
	uint32_t begun;
	struct pack_info *infos; /* by number */
	size_t info_count, info_capacity;
	enum status failed;
	struct error err; /* of failed: the first failure */
};

static void fail(struct pack_pool *pool, enum status st, const struct error *err)
{
	(void)pthread_mutex_lock(&pool->mutex);
	if (!pool->failed) {
		pool->failed = st;
		pool->err = *err;
	}
	(void)pthread_cond_broadcast(&pool->changed);
	(void)pthread_mutex_unlock(&pool->mutex);
}

static void *finish_packs(void *arg)
{
	struct open_pack *pack = arg;
	struct pack_pool *pool = pack->pool;
	(void)pthread_mutex_lock(&pool->mutex);
	for (;;) {
		while (pack->state != PACK_FULL && !pool->stopped)
			(void)pthread_cond_wait(&pool->changed, &pool->mutex);
		if (pack->state != PACK_FULL)
			break;
		(void)pthread_mutex_unlock(&pool->mutex);
		struct error err = {0};
		pack->step = call_step(pool->settings.call);
		enum status st = sink_finish(pack->object, &err);
		sink_free(pack->object);
		pack->object = NULL;
		if (st)
			fail(pool, st, &err);
		(void)pthread_mutex_lock(&pool->mutex);
		pack->state = PACK_FREE;
		(void)pthread_cond_broadcast(&pool->changed);
	}
	(void)pthread_mutex_unlock(&pool->mutex);
	return NULL;
}

static enum status prepare(struct pack_pool *pool, struct open_pack *pack, struct error *err)
{
	pack->pool = pool;
	enum status st = repository_join(&pack->repo, pool->settings.repo, err);
	if (!st)
		pack->running = thread_start(&pack->thread, STACK_BYTES, finish_packs, pack);
	return st || pack->running ? st : error_set(err, STATUS_LOCAL, "cannot start a thread");
}

enum status pack_pool_new(struct pack_pool **out, const struct pack_pool_settings *settings, struct error *err)
{
	struct pack_pool *pool = calloc(1, sizeof *pool);
	struct open_pack *packs = calloc(settings->most, sizeof *packs);
	enum status st = STATUS_OK;
	if (pool == NULL || packs == NULL) {
		free(pool);
		free(packs);
		return error_set(err, STATUS_LOCAL, "out of memory");
	}
	pool->settings = *settings;
	pool->packs = packs;
	(void)pthread_mutex_init(&pool->mutex, NULL);
	(void)pthread_cond_init(&pool->changed, NULL);
	while (!st && pool->prepared < settings->most)
		st = prepare(pool, &packs[pool->prepared++], err);
	if (st) {
		pack_pool_free(pool);
		return st;
	}
	*out = pool;
	return STATUS_OK;
}

/* Waits for a pack that nobody uses. NULL after a failure of the pool. */
static struct open_pack *wait_for_free(struct pack_pool *pool, struct error *err)
{
	struct open_pack *found = NULL;
	(void)pthread_mutex_lock(&pool->mutex);
	for (;;) {
		for (size_t i = 0; i < pool->prepared && found == NULL; i++)
			if (pool->packs[i].state == PACK_FREE)
				found = &pool->packs[i];
		if (found != NULL || pool->failed)
			break;
		(void)pthread_cond_wait(&pool->changed, &pool->mutex);
	}
	if (pool->failed) {
		*err = pool->err;
		found = NULL;
	} else if (found != NULL) {
		found->state = PACK_FILLING;
		found->number = ++pool->begun;
	}
	(void)pthread_mutex_unlock(&pool->mutex);
	return found;
}

static enum status begin_pack(struct open_pack *pack, struct error *err)
{
	const struct pack_pool_settings *settings = &pack->pool->settings;
	struct sink *object;
	struct pack_params params = {.codec = settings->object.codec,
				     .level = settings->object.level,
				     .has_pages = true,
				     .key = pack->repo.encrypt ? &pack->repo.keys.keys[0] : NULL,
				     .name = pack->name};
	backup_object_name(pack->name, settings->system_id, &settings->label, PART_DATA, pack->number);
	pack->step = call_step(settings->call);
	enum status st = random_fill(settings->call->random, params.salt, SALT_BYTES, err);
	if (!st)
		st = own_object_create(pack->repo.store, &pack->step, pack->name, &object, err);
	return st ? st : pack_writer_new(&pack->writer, &params, object, err);
}

static enum status note_info(struct pack_pool *pool, const struct pack_info *info, struct error *err)
{
	enum status st = STATUS_OK;
	(void)pthread_mutex_lock(&pool->mutex);
	while (!st && pool->info_count < info->number) {
		struct pack_info *grown =
		    array_grow(pool->infos, pool->info_count, &pool->info_capacity, sizeof *grown);
		if (grown == NULL) {
			st = error_set(err, STATUS_LOCAL, "out of memory");
		} else {
			pool->infos = grown;
			grown[pool->info_count++] = (struct pack_info){0};
		}
	}
	if (!st)
		pool->infos[info->number - 1] = *info;
	(void)pthread_mutex_unlock(&pool->mutex);
	return st;
}

/* The thread may go on with its next batch before anybody knows of the failure: no pack must be left half open. */
static enum status give_up(struct pack_pool *pool, struct open_pack **pack, enum status st, const struct error *err)
{
	fail(pool, st, err);
	pack_pool_abandon(pool, pack);
	return st;
}

enum status pack_pool_close(struct pack_pool *pool, struct open_pack **pack, struct error *err)
{
	struct open_pack *full = *pack;
	if (full == NULL)
		return STATUS_OK;
	struct pack_info info = {.number = full->number, .header = *pack_writer_header(full->writer)};
	full->step = call_step(pool->settings.call);
	enum status st = pack_writer_close(full->writer, &full->object, &info.bytes, err);
	full->writer = NULL;
	if (!st)
		st = note_info(pool, &info, err);
	if (st)
		return give_up(pool, pack, st, err);
	*pack = NULL;
	(void)pthread_mutex_lock(&pool->mutex);
	full->state = PACK_FULL;
	(void)pthread_cond_broadcast(&pool->changed);
	(void)pthread_mutex_unlock(&pool->mutex);
	return STATUS_OK;
}

enum status pack_pool_add(struct pack_pool *pool, struct open_pack **pack, uint8_t *content, size_t len,
			  uint32_t *number, struct pack_place *place, struct error *err)
{
	enum status st = STATUS_OK;
	if (*pack == NULL) {
		*pack = wait_for_free(pool, err);
		if (*pack == NULL)
			return pool->failed;
		st = begin_pack(*pack, err);
	}
	/* Where little has changed a pack is filled for hours: the store has its own time for each frame. */
	(*pack)->step = call_step(pool->settings.call);
	if (!st)
		st = pack_writer_add((*pack)->writer, content, len, place, err);
	if (st)
		return give_up(pool, pack, st, err);
	*number = (*pack)->number;
	return pack_writer_bytes((*pack)->writer) < pool->settings.pack_bytes ? STATUS_OK
									      : pack_pool_close(pool, pack, err);
}

void pack_pool_abandon(struct pack_pool *pool, struct open_pack **pack)
{
	if (*pack == NULL)
		return;
	pack_writer_free((*pack)->writer);
	sink_free((*pack)->object);
	(*pack)->writer = NULL;
	(*pack)->object = NULL;
	(void)pthread_mutex_lock(&pool->mutex);
	(*pack)->state = PACK_FREE;
	(void)pthread_cond_broadcast(&pool->changed);
	(void)pthread_mutex_unlock(&pool->mutex);
	*pack = NULL;
}

static bool is_idle(const struct pack_pool *pool)
{
	for (size_t i = 0; i < pool->prepared; i++)
		if (pool->packs[i].state != PACK_FREE)
			return false;
	return true;
}

enum status pack_pool_end(struct pack_pool *pool, const struct pack_info **infos, size_t *count, struct error *err)
{
	(void)pthread_mutex_lock(&pool->mutex);
	while (!pool->failed && !is_idle(pool))
		(void)pthread_cond_wait(&pool->changed, &pool->mutex);
	enum status st = pool->failed;
	if (st)
		*err = pool->err;
	*infos = pool->infos;
	*count = pool->info_count;
	(void)pthread_mutex_unlock(&pool->mutex);
	return st;
}

void pack_pool_free(struct pack_pool *pool)
{
	if (pool == NULL)
		return;
	(void)pthread_mutex_lock(&pool->mutex);
	pool->stopped = true;
	(void)pthread_cond_broadcast(&pool->changed);
	(void)pthread_mutex_unlock(&pool->mutex);
	for (size_t i = 0; i < pool->prepared; i++) {
		if (pool->packs[i].running)
			(void)pthread_join(pool->packs[i].thread, NULL);
		repository_fini(&pool->packs[i].repo);
	}
	free(pool->packs);
	free(pool->infos);
	(void)pthread_mutex_destroy(&pool->mutex);
	(void)pthread_cond_destroy(&pool->changed);
	free(pool);
}
