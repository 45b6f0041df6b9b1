/* While PostgreSQL waits for one file, walship pushes the next ready files too. */
#ifndef WALSHIP_ARCHIVE_PUSH_PUSH_AHEAD_H
#define WALSHIP_ARCHIVE_PUSH_PUSH_AHEAD_H

#include <stddef.h>

#include "repo/settings.h"
#include "walship/push.h"

struct push_ahead {
	struct push push; /* of the file that the call asks for; store, key and keys are left empty */
	const struct repository_settings *settings;
	size_t files_max; /* the most other files to push along with it; 0: push-ahead is off */
};

/*
 * The outcome is push_file's for the file that the call asks for. If its pushed marker is in the spool, an earlier call
 * has pushed it and nothing is sent. Else threads push the next ready files beside it; each file that the store
 * confirms leaves a pushed marker. Their failures are left to their own calls. Opens the repository itself; without a
 * usable spool push-ahead is off, and the log says so.
 */
enum status push_ahead_run(const struct push_ahead *ahead, struct error *err);

#endif
