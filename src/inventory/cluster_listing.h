/* Shared by backup list, dump list and drill list, which show the wanted clusters of a repository one after another. */
#ifndef WALSHIP_INVENTORY_CLUSTER_LISTING_H
#define WALSHIP_INVENTORY_CLUSTER_LISTING_H

#include "base/buffer.h"
#include "console/console.h"
#include "repo/repository.h"

struct cluster_listing_params {
	const struct repository_settings *settings;
	const struct call *call;
	const struct console *console;
	uint64_t system_id; /* the only cluster to show; 0: all clusters */
	bool json;
};

struct cluster_listing {
	const struct cluster_listing_params *params;
	struct repository repo;
	uint64_t shown, unreadable; /* counted by show */
};

/* Shows one cluster. Any status but STATUS_OK ends the listing, which returns it. */
typedef enum status (*cluster_listing_fn)(struct cluster_listing *listing, uint64_t system_id, struct error *err);

/* Opens the repository and calls show for each wanted cluster, in the order of their names. */
enum status cluster_listing_run(struct cluster_listing *listing, cluster_listing_fn show, struct error *err);

/* A kind of thing that has a manifest: backups or dumps. */
struct cluster_listing_kind {
	cluster_listing_fn show;
	const char *things; /* "backups" */
	const char *none;   /* the output for a repository without such things: "no base backups" */
};

/*
 * Runs a listing of this kind of thing. STATUS_DAMAGED at the end when a manifest could not be opened. A repository
 * without such things is STATUS_OK.
 */
enum status cluster_listing_manifests(const struct cluster_listing_params *params,
				      const struct cluster_listing_kind *kind, struct error *err);

/* Appends the line above a cluster, unless the output is JSON. */
enum status cluster_listing_heading(const struct cluster_listing *listing, uint64_t system_id, struct buffer *out,
				    struct error *err);

/* Counts a thing whose manifest was read with this status. */
void cluster_listing_count(struct cluster_listing *listing, enum status status);

#endif
