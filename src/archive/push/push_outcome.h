/* The outcome of a push, for monitoring: a record of failures in the spool, and notify-command. */
#ifndef WALSHIP_ARCHIVE_PUSH_PUSH_OUTCOME_H
#define WALSHIP_ARCHIVE_PUSH_PUSH_OUTCOME_H

#include "base/call.h"
#include "monitor/notify.h"
#include "repo/cluster_id.h"
#include "walship/error.h"

struct push_outcome_settings {
	const char *path;  /* the WAL file as PostgreSQL names it */
	const char *spool; /* as for spool_prepare */
	struct cluster_hint cluster;
	struct notify_settings notify;
};

/*
 * The push of settings->path has ended with st; outcome is its error. Costs three system calls when the push succeeded
 * and none had failed before. Records nothing without a usable spool. Never changes how the push has ended. *notes, of
 * the file's directory, is for what else leaves notes there; false: there is none, or the file is not one of WAL.
 */
bool push_outcome_note(const struct push_outcome_settings *settings, const struct call *call, enum status st,
		       const struct error *outcome, struct push_notes *notes);

#endif
