#include "expire/cluster.h"

#include <stddef.h>

enum status expire_cluster(const struct cluster_hint *hint, uint64_t *system_id, struct error *err)
{
	struct data_directory directory;
	enum status st = cluster_id_find(hint, NULL, &directory, system_id, err);
	if (st || *system_id != 0)
		return st;
	(void)error_set(err, STATUS_USAGE, "the cluster's system identifier is not known");
	return error_hint(err, STATUS_USAGE, "run walship in the data directory, or give --pg-data or --system-id");
}
