/* Shared by the cluster*.c files. */
#ifndef WALSHIP_INVENTORY_CLUSTER_PRIVATE_H
#define WALSHIP_INVENTORY_CLUSTER_PRIVATE_H

#include "inventory/cluster.h"

json_t *cluster_json_lsn(uint64_t lsn);
json_t *cluster_json_segment(const struct coverage *coverage, uint32_t timeline, uint64_t number);

/* An array. NULL: out of memory. */
json_t *cluster_windows_json(const struct coverage *coverage, const struct window_reader *reader);

#endif
