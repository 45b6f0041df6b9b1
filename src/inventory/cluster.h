/* A cluster's chain, as info and verify show it. */
#ifndef WALSHIP_INVENTORY_CLUSTER_H
#define WALSHIP_INVENTORY_CLUSTER_H

#include <jansson.h>

#include "base/buffer.h"
#include "repo/coverage.h"

/* All of it, as doc/json.md says. NULL without memory. */
json_t *cluster_json(const struct coverage *coverage);

/* For people: what there is. */
enum status cluster_show(struct buffer *out, const struct coverage *coverage, struct error *err);

/* For people: what is missing, and what can be recovered. */
enum status cluster_judge(struct buffer *out, const struct coverage *coverage, struct error *err);

/* Ranges and segments that are missing, and needed. */
struct missing {
	uint64_t ranges, segments;
};
struct missing cluster_missing(const struct coverage *coverage);

#endif
