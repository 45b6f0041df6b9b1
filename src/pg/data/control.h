/* The identity and role of the cluster in a data directory. */
#ifndef WALSHIP_PG_DATA_CONTROL_H
#define WALSHIP_PG_DATA_CONTROL_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "walship/error.h"

struct data_directory {
	bool known;
	char path[PATH_MAX];
	uint64_t system_id; /* first field of global/pg_control (catalog/pg_control.h, ControlFileData) */
};

/*
 * Finds the data directory. With pg_data it must be that directory, else STATUS_USAGE. Otherwise it tries the parent of
 * the directory of wal_path (pg_rewind passes restore_command a full path: RestoreArchivedFile in fe_utils/archive.c),
 * then the working directory (where PostgreSQL runs its commands). wal_path may be NULL. STATUS_OK with known = false
 * when there is none.
 */
enum status data_directory_find(struct data_directory *out, const char *pg_data, const char *wal_path,
				struct error *err);

/*
 * Whether the server is a standby, which requests missing WAL again. standby.signal decides, and wins over
 * recovery.signal (readRecoverySignalFile in xlogrecovery.c). False when the directory is not known.
 */
bool data_directory_is_standby(const struct data_directory *directory);

/*
 * Whether the server does not recover from an archive: the directory has neither recovery.signal nor standby.signal,
 * nor the recovery.conf of PostgreSQL before 12. False when the directory is not known.
 */
bool data_directory_is_past_recovery(const struct data_directory *directory);

/*
 * Whether the server recovers from an archive up to the end of its WAL, and follows no primary: by recovery.signal
 * alone, or by a recovery.conf that does not mention standby_mode. False when that is not certain.
 */
bool data_directory_recovers_to_end(const struct data_directory *directory);

/*
 * The server's process id: the first line of postmaster.pid (CreateDataDirLockFile in miscinit.c), which may be left
 * from a server that crashed. 0: none.
 */
pid_t data_directory_server(const struct data_directory *directory);

/*
 * Whether the server has started and not yet begun to replay WAL. Each start writes postmaster.opts (CreateOptsFile in
 * postmaster.c) before anything is requested from the archive, and pg_control when replay begins (StartupXLOG in
 * xlog.c). A server that lost a process to a crash begins again without a start of its own: its new startup process,
 * which runs this one, is younger than pg_control then. True as well when a time cannot be read; false when the
 * directory is not known.
 */
bool data_directory_begins_recovery(const struct data_directory *directory);

#endif
