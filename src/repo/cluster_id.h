/* Determines the system identifier of the cluster that a call works on. */
#ifndef WALSHIP_REPO_CLUSTER_ID_H
#define WALSHIP_REPO_CLUSTER_ID_H

#include "pg/data/control.h"

/* The options that identify the cluster. */
struct cluster_hint {
	const char *pg_data; /* NULL: search for the data directory */
	uint64_t system_id;  /* 0: not given */
};

/*
 * Finds the data directory by pg_data, wal_path (may be NULL) or the working directory, as data_directory_find does.
 * *system_id is that of the directory, else the option's, else 0. STATUS_USAGE: pg_data is not a data directory, or
 * the option contradicts the directory.
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
