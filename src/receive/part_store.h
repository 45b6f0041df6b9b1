/* Streamed parts in a repository: stores one, and looks which ones a segment has. */
#ifndef WALSHIP_RECEIVE_PART_STORE_H
#define WALSHIP_RECEIVE_PART_STORE_H

#include "repo/object.h"

struct part_store {
	const struct repository *repo;
	const struct call *call;
	uint64_t system_id;
	uint32_t segment_bytes;
	struct object_settings object;
};

/*
 * Stores bytes from lsn on, which lie in one segment. STATUS_OK also if the repository has the same part with the same
 * content. STATUS_CONFLICT: its content is different.
 */
enum status part_store_create(const struct part_store *store, uint32_t timeline, uint64_t lsn, const void *data,
			      size_t len, struct error *err);

/*
 * *lsn receives the end of the parts that follow each other from the beginning of lsn's segment on: at most lsn. It is
 * the beginning of the segment if there are none.
 */
enum status part_store_reach(const struct part_store *store, uint32_t timeline, uint64_t *lsn, struct error *err);

#endif
