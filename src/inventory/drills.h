/* drill list: the reports of drills in a repository. */
#ifndef WALSHIP_INVENTORY_DRILLS_H
#define WALSHIP_INVENTORY_DRILLS_H

#include "inventory/cluster_listing.h"

/*
 * Prints each drill, by cluster and time, as text or as its report (doc/json.md). STATUS_DAMAGED at the end when a
 * report cannot be opened. A repository without drills is STATUS_OK.
 */
enum status drills_show(const struct cluster_listing_params *params, struct error *err);

#endif
