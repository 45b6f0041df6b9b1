/* Compares two listings, both in ascending order of names, side by side: memory does not depend on their length. */
#ifndef WALSHIP_MIRROR_MERGE_H
#define WALSHIP_MIRROR_MERGE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

/* An object of a listing. */
struct mirror_entry {
	char name[OBJECT_NAME_MAX + 1];
	uint64_t bytes;
	int64_t modified_s; /* UTC */
	bool archived;      /* as in store.h */
};

/* A listing: gives its objects one by one. */
struct merge_input {
	/* The next object, or *end. */
	enum status (*next)(void *arg, struct mirror_entry *out, bool *end, struct error *err);
	void *arg;
};

struct merge {
	struct merge_input original, copy;
	/* Called for each name in ascending order; the side that lacks it is NULL. Any status but STATUS_OK ends the
	 * merge, which returns it. */
	enum status (*each)(void *arg, const struct mirror_entry *original, const struct mirror_entry *copy,
			    struct error *err);
	void *arg;
};

/* STATUS_UNREACHABLE when a listing is not in ascending order: then nothing can be said about what it lacks. */
enum status merge_run(const struct merge *merge, struct error *err);

#endif
