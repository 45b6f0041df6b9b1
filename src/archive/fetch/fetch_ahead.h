/* fetch for recovery: from the spool when the segment is there, while another process fetches the next segments. */
#ifndef WALSHIP_ARCHIVE_FETCH_FETCH_AHEAD_H
#define WALSHIP_ARCHIVE_FETCH_FETCH_AHEAD_H

#include "archive/fetch/fetch_mirrors.h"
#include "pg/data/control.h"
#include "repo/settings.h"
#include "walship/fetch.h"

struct fetch_ahead {
	struct fetch fetch; /* call, name and system_id; store and keys are left empty */
	const struct repository_settings *settings;
	struct mirrors mirrors;
	const struct data_directory *data_directory; /* of the server that asks */
	bool all_timelines;                          /* answer for timelines that are set aside, too */
	uint64_t bytes_max; /* of segments in the spool and on their way; 0: fetch-ahead is off */
	int64_t timeout_ms; /* of each fetch ahead */
	bool use_parts;     /* fetch-partial = auto */
	bool one_by_one;    /* never two fetches ahead at once */
	/*
	 * Runs live in another process, as cli/detach.h does, and returns the writing end of the pipe that told_fd
	 * reads; NULL: no other process is started.
	 */
	int (*detach)(void (*live)(void *arg, int told_fd), void *arg);
};

/*
 * Makes dest appear, as fetch_file does and with its statuses. Opens the repository itself if the spool does not have
 * the file. Without a usable spool fetch-ahead is off, and the log says so.
 */
enum status fetch_ahead_run(const struct fetch_ahead *ahead, const char *dest, struct error *err);

#endif
