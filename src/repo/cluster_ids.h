/* The clusters in a repository: its directories that are named by a system identifier. */
#ifndef WALSHIP_REPO_CLUSTER_IDS_H
#define WALSHIP_REPO_CLUSTER_IDS_H

#include <stddef.h>

#include "repo/repository.h"

struct cluster_ids {
	uint64_t *ids; /* in the order of their names */
	size_t count, capacity;
};

/* Fills *out, which must be empty. Call cluster_ids_fini for every status. Fails as a listing does. */
enum status cluster_ids_list(struct cluster_ids *out, const struct repository *repo, const struct call *call,
			     struct error *err);

/* Leaves the zero state. */
void cluster_ids_fini(struct cluster_ids *ids);

#endif
