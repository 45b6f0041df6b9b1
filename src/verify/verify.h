/* Verifies that a repository holds all the WAL that recovery needs, and shows what recovery can still reach. */
#ifndef WALSHIP_VERIFY_VERIFY_H
#define WALSHIP_VERIFY_VERIFY_H

#include "console/console.h"
#include "repo/settings.h"

struct verify_params {
	const struct repository_settings *settings;
	const struct call *call;
	const struct console *console;
	uint64_t system_id; /* the only cluster to verify; 0: all clusters */
	bool json;
	bool commit_times;       /* show windows with the times of their first and last commits */
	int64_t push_timeout_ms; /* the longest time that a push takes */
	bool read;               /* open and check every object, not only the names */
	/* With read: */
	const char *notes_dir;    /* where the segments that were found good are noted: as for spool_prepare */
	int64_t notes_max_age_ms; /* older notes do not count; 0: notes of any age count */
	size_t threads;           /* to read with, at most; 1 or more */
};

#define VERIFY_THREADS_MAX 16

/*
 * Prints the result for each cluster, as text or as doc/json.md says. STATUS_DAMAGED when an object is damaged or
 * its key is missing, STATUS_LOCAL when this machine cannot read some objects, else STATUS_INCOMPLETE when needed WAL
 * is missing or there is no WAL at all.
 */
enum status verify_run(const struct verify_params *params, struct error *err);

#endif
