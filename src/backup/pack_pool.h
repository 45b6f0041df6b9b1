/*
 * The packs of a backup under way. Each of several threads fills a pack of its own; a full pack is finished, which may
 * take as long as an upload, by other threads. `most` packs limit the memory.
 */
#ifndef WALSHIP_BACKUP_PACK_POOL_H
#define WALSHIP_BACKUP_PACK_POOL_H

#include <pthread.h>

#include "catalog/label.h"
#include "format/pack.h"
#include "repo/object.h"

struct pack_pool_settings {
	struct repository *repo; /* each pack has a connection joined to it */
	const struct call *call; /* each pack takes a step of it */
	uint64_t system_id;
	struct backup_label label;
	struct object_settings object;
	size_t most;         /* packs that are filled or finished at once */
	uint64_t pack_bytes; /* from this size on a pack is finished */
};

struct pack_pool;
struct open_pack;

/* A finished pack, as a reader of single frames needs it. */
struct pack_info {
	uint32_t number;
	uint64_t bytes;
	struct object_header header;
};

/* settings are copied; the objects that they point to must outlive the pool. */
enum status pack_pool_new(struct pack_pool **out, const struct pack_pool_settings *settings, struct error *err);

/*
 * Adds a frame to *pack, which is the calling thread's own and NULL at first; waits while `most` packs are open.
 * *number and *place say where the frame is. A pack that has become full is given to the pool to be finished.
 */
enum status pack_pool_add(struct pack_pool *pool, struct open_pack **pack, uint8_t *content, size_t len,
			  uint32_t *number, struct pack_place *place, struct error *err);

/* Gives an unfinished pack to the pool. NULL is allowed. */
enum status pack_pool_close(struct pack_pool *pool, struct open_pack **pack, struct error *err);

/*
 * Waits until all packs that were given to the pool are in the repository. *infos, owned by the pool, are those of all
 * packs, in the order of their numbers.
 */
enum status pack_pool_end(struct pack_pool *pool, const struct pack_info **infos, size_t *count, struct error *err);

/* Abandons the unfinished packs, and ends the threads. *pack of every thread must be closed or abandoned before. */
void pack_pool_free(struct pack_pool *pool);
void pack_pool_abandon(struct pack_pool *pool, struct open_pack **pack);

#endif
