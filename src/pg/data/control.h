/* What a data directory says about its cluster. */
#ifndef WALSHIP_PG_DATA_CONTROL_H
#define WALSHIP_PG_DATA_CONTROL_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "walship/error.h"

struct data_directory {
	bool known;
	char path[PATH_MAX];
	uint64_t system_id; /* first field of global/pg_control (catalog/pg_control.h, ControlFileData) */
};

/*
 * Looks for the data directory: pg_data if given (then it must be one: STATUS_USAGE), else the parent of the directory
 * that wal_path lies in (pg_rewind names restore_command's file with its full path: RestoreArchivedFile in
 * fe_utils/archive.c), else the working directory (PostgreSQL's own calls). wal_path may be NULL.
 * Finding none is STATUS_OK with known = false.
 */
enum status data_directory_find(struct data_directory *out, const char *pg_data, const char *wal_path,
				struct error *err);

/*
 * Whether the server there is a standby, which asks again for what it did not get: standby.signal, which wins over
 * recovery.signal (readRecoverySignalFile in xlogrecovery.c). False when the directory is not known.
 */
bool data_directory_is_standby(const struct data_directory *directory);

#endif
