#include "mirror/listing.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "sys/thread.h"

#define STACK_BYTES (1024UL * 1024) /* as repo/worker_pool.c */

static enum status on_object(void *arg, const struct object_info *info, struct error *err)
{
	struct listing *listing = arg;
	struct mirror_entry entry = {.bytes = info->bytes, .modified_s = info->modified_s, .archived = info->archived};
	if (strlen(info->name) >= sizeof entry.name)
		return error_set(err, STATUS_UNREACHABLE, "a name in the listing is too long: %.64s...", info->name);
	(void)strcpy(entry.name, info->name);
	(void)pthread_mutex_lock(&listing->queue.mutex);
	enum status st = queue_put(&listing->queue, &entry, err);
	(void)pthread_mutex_unlock(&listing->queue.mutex);
	return st;
}

static void *list(void *arg)
{
	struct listing *listing = arg;
	struct error err = {0};
	enum status st = store_list(listing->repo.store, listing->call, listing->prefix, on_object, listing, &err);
	if (st) {
		(void)pthread_mutex_lock(&listing->queue.mutex);
		queue_fail(&listing->queue, st, &err);
		(void)pthread_mutex_unlock(&listing->queue.mutex);
	}
	queue_close(&listing->queue);
	return NULL;
}

enum status listing_start(struct listing **out, const struct repository *repo, const struct call *call,
			  const char *prefix, struct error *err)
{
	CLEANUP(listing_freep) struct listing *listing = calloc(1, sizeof *listing);
	if (listing == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	listing->call = call;
	listing->prefix = prefix;
	queue_init(&listing->queue, listing->entries, sizeof listing->entries[0]);
	enum status st = repository_join(&listing->repo, repo, err);
	if (st)
		return st;
	listing->running = thread_start(&listing->thread, STACK_BYTES, list, listing);
	if (!listing->running)
		return error_set(err, STATUS_LOCAL, "no thread can be started");
	*out = STEAL(listing);
	return STATUS_OK;
}

void listing_freep(struct listing **listing)
{
	static const struct error stopped = {.text = "the listing was stopped"};
	if (*listing == NULL)
		return;
	(void)pthread_mutex_lock(&(*listing)->queue.mutex);
	queue_fail(&(*listing)->queue, STATUS_UNKNOWN, &stopped);
	(void)pthread_mutex_unlock(&(*listing)->queue.mutex);
	if ((*listing)->running)
		(void)pthread_join((*listing)->thread, NULL);
	repository_fini(&(*listing)->repo);
	queue_fini(&(*listing)->queue);
	free(*listing);
	*listing = NULL;
}

enum status listing_next(void *arg, struct mirror_entry *out, bool *end, struct error *err)
{
	struct listing *listing = arg;
	(void)pthread_mutex_lock(&listing->queue.mutex);
	*end = !queue_take(&listing->queue, out);
	enum status st = *end ? queue_failed(&listing->queue, err) : STATUS_OK;
	(void)pthread_mutex_unlock(&listing->queue.mutex);
	return st;
}
