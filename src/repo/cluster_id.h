/* Which cluster's WAL a call is about. */
#ifndef WALSHIP_REPO_CLUSTER_ID_H
#define WALSHIP_REPO_CLUSTER_ID_H

#include "pg/data/control.h"

/* What the options say of the cluster. */
struct cluster_hint {
	const char *pg_data; /* NULL: the directory is looked for */
	uint64_t system_id;  /* 0: not given */
};

/*
 * directory: by pg_data, the WAL file's path (may be NULL) or the working directory, as data_directory_find has it.
 * *system_id: that of the directory, else the option's, else 0. STATUS_USAGE when pg_data is no data directory, or when
 * the option is of another cluster than the directory, which is known then.
 */
enum status cluster_id_find(const struct cluster_hint *hint, const char *wal_path, struct data_directory *directory,
			    uint64_t *system_id, struct error *err);

/*
 * *system_id is what the WAL file itself says, 0 when it says nothing; then it becomes that of the data directory, else
 * the option's, and stays 0 when neither is known. STATUS_CONFLICT when any two of the three disagree, STATUS_USAGE
 * when pg_data is not a data directory.
 */
enum status cluster_id_of_file(const struct cluster_hint *hint, const char *wal_path, uint64_t *system_id,
			       struct error *err);

/* For a report that must not fail: the directory's if it is known, whatever the option says; else the option's or 0. */
uint64_t cluster_id_guess(const struct cluster_hint *hint, const char *wal_path);

#endif
