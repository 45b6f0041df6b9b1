/* backup list: the base backups in a repository. */
#ifndef WALSHIP_INVENTORY_BACKUPS_H
#define WALSHIP_INVENTORY_BACKUPS_H

#include "inventory/cluster_listing.h"

/*
 * Prints each backup, by cluster and label, as text or as doc/json.md says. STATUS_DAMAGED at the end when a manifest
 * is damaged or needs a key that is not configured. A repository without backups is STATUS_OK.
 */
enum status backups_show(const struct cluster_listing_params *params, struct error *err);

#endif
