/*
 * Whether PostgreSQL may see the history of a timeline that is set aside (repo/set_aside.h), or of a descendant.
 *
 * PostgreSQL asks for the same file for two reasons (findNewestTimeLine in timeline.c). When it begins recovery, and on
 * a standby again and again, it looks for the timeline to follow, and must not find a timeline that is set aside. When
 * it ends recovery, it looks for a free number, and must find that this number is taken, because the repository has
 * files of the timeline. So the history is hidden
 *
 * - from a server that begins recovery: its pg_control is older than its postmaster.opts, which every start writes, or
 *   than its startup process, which a server has anew after the crash of another process;
 * - from a standby that has not replayed WAL past the switch point: it could still follow the timeline. Past that point
 *   PostgreSQL itself refuses to follow it (rescanLatestTimeLine in xlogrecovery.c);
 *
 * but from no server once the archive has a later timeline that is not set aside: PostgreSQL takes the last timeline,
 * and finds it only if no number before it is missing.
 */
#ifndef WALSHIP_ARCHIVE_FETCH_HIDDEN_HISTORY_H
#define WALSHIP_ARCHIVE_FETCH_HIDDEN_HISTORY_H

#include "pg/data/control.h"
#include "pg/wal/name.h"
#include "repo/repository.h"

struct history_filter {
	struct repository *repo;
	const struct call *call;
	uint64_t system_id;
	const struct data_directory *data_directory; /* of the server that asks; unknown: the history is hidden */
};

/*
 * For fetch->accept; arg is a struct history_filter. Files of other kinds are accepted without a request. A history
 * costs one request while no timeline is set aside.
 */
enum status history_filter_accept(void *arg, const struct wal_name *name, int fd, struct error *err);

#endif
