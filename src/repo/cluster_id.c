#include "repo/cluster_id.h"

#include <inttypes.h>

enum status cluster_id_find(const struct cluster_hint *hint, const char *wal_path, struct data_directory *directory,
			    uint64_t *system_id, struct error *err)
{
	uint64_t given = hint->system_id;
	*system_id = 0;
	enum status st = data_directory_find(directory, hint->pg_data, wal_path, err);
	if (st)
		return st;
	*system_id = directory->known ? directory->system_id : given;
	if (given == 0 || given == *system_id)
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE,
			"system-id is %" PRIu64 ", but the data directory belongs to cluster %" PRIu64, given,
			*system_id);
	return error_hint(err, STATUS_USAGE, "remove system-id where a data directory is available");
}
