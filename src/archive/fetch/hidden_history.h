/*
 * Whether PostgreSQL may see the history of a timeline that is set aside (repo/set_aside.h), or of a descendant.
 *
 * PostgreSQL asks for the same name with two questions in mind (findNewestTimeLine in timeline.c). When it begins
 * recovery, and on a standby again and again, it looks for the timeline to follow: the one that is set aside must not
 * be there. When it ends recovery, it looks for a number that is free: the number is not free, because the repository
 * has files of that name. So the history is hidden
 *
 * - from a server that begins recovery: its pg_control is older than its postmaster.opts, which every start writes;
 * - from a standby that has not read WAL behind the point where the timeline left: it could still follow the timeline.
 *   PostgreSQL itself refuses to later (rescanLatestTimeLine in xlogrecovery.c);
 *
 * but from nobody once a later timeline is there that is not set aside: PostgreSQL takes the last of all, and finds it
 * only if no number before it is missing.
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
 * For fetch->accept; arg is a struct history_filter. Files of other kinds are accepted without a request. One request
 * for a history while no timeline is set aside.
 */
enum status history_filter_accept(void *arg, const struct wal_name *name, int fd, struct error *err);

#endif
