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

static enum status wrong_cluster(struct error *err, uint64_t file_id, const char *who, uint64_t other_id)
{
	(void)error_set(err, STATUS_CONFLICT, "the file belongs to cluster %" PRIu64 ", but %s cluster %" PRIu64,
			file_id, who, other_id);
	return error_hint(
	    err, STATUS_CONFLICT,
	    "the file does not belong here: see pg_controldata for the data directory's system identifier");
}

enum status cluster_id_of_file(const struct cluster_hint *hint, const char *wal_path, uint64_t *system_id,
			       struct error *err)
{
	struct data_directory directory;
	enum status st = data_directory_find(&directory, hint->pg_data, wal_path, err);
	if (st)
		return st;
	if (*system_id == 0)
		*system_id = directory.known ? directory.system_id : hint->system_id;
	if (directory.known && directory.system_id != *system_id)
		return wrong_cluster(err, *system_id, "the data directory belongs to", directory.system_id);
	if (hint->system_id != 0 && hint->system_id != *system_id)
		return wrong_cluster(err, *system_id, "--system-id names", hint->system_id);
	return STATUS_OK;
}

uint64_t cluster_id_guess(const struct cluster_hint *hint, const char *wal_path)
{
	struct data_directory directory;
	struct error ignored = {0};
	uint64_t system_id;
	(void)cluster_id_find(hint, wal_path, &directory, &system_id, &ignored);
	return system_id != 0 ? system_id : hint->system_id;
}
