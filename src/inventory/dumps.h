/* dump list: the dumps in a repository. */
#ifndef WALSHIP_INVENTORY_DUMPS_H
#define WALSHIP_INVENTORY_DUMPS_H

#include "inventory/cluster_listing.h"

/*
 * Prints each dump, by cluster and label, as text or as doc/json.md says. STATUS_DAMAGED at the end when a manifest is
 * damaged or needs a key that is not configured. A repository without dumps is STATUS_OK.
 */
enum status dumps_show(const struct cluster_listing_params *params, struct error *err);

#endif
