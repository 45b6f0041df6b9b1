/* The cluster whose backups a command changes. */
#ifndef WALSHIP_EXPIRE_CLUSTER_H
#define WALSHIP_EXPIRE_CLUSTER_H

#include "repo/cluster_id.h"

/* Never 0 after STATUS_OK. STATUS_USAGE: neither a data directory nor the option says which cluster is meant. */
enum status expire_cluster(const struct cluster_hint *hint, uint64_t *system_id, struct error *err);

#endif
