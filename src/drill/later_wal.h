/*
 * The WAL behind the last segment that the drill has looked at: what restore_command gives for the next segments, from
 * streamed parts or from the archive, which goes on meanwhile. The server of the drill gets these files and no others,
 * because replay of CREATE TABLESPACE would write outside of the copy.
 */
#ifndef WALSHIP_DRILL_LATER_WAL_H
#define WALSHIP_DRILL_LATER_WAL_H

#include "drill/workspace.h"
#include "pg/wal/name.h"

#define LATER_WAL_MAX (1024UL * 1024 * 1024) /* bytes that are fetched; at least one segment is */

struct later_wal {
	const struct workspace *workspace;
	const struct call *call;
	const char *const *environment;
	const char *restore_command;
	uint64_t system_id;
	const char *last; /* the name of the last segment that the drill has looked at */
	/* out */
	uint64_t segments; /* that lie in the workspace's directory for WAL */
	uint64_t lsn;      /* where the last of them begins, if there is any */
};

/*
 * Fetches the segments as the server of the copy would, and looks at their records. STATUS_CONFLICT: they create a
 * tablespace outside of the data directory. STATUS_UNREACHABLE: restore_command failed, so that a recovery would stop
 * there; the text has its first message. STATUS_LOCAL.
 */
enum status later_wal_fetch(struct later_wal *wal, struct error *err);

#endif
