/* The record of consecutive failed pushes, in the spool: for walship status and notify-command. */
#ifndef WALSHIP_MONITOR_FAILURES_H
#define WALSHIP_MONITOR_FAILURES_H

#include "monitor/push_notes.h"
#include "pg/wal/name.h"
#include "walship/error.h"

struct failures {
	int64_t since_s, last_s; /* UTC */
	uint64_t count;
	int exit_code;           /* of the last failure, like file and error */
	char file[WAL_NAME_MAX]; /* truncated if it is not a WAL file's name */
	struct error error;
};

/* False without a readable record. */
bool failures_read(const struct push_notes *notes, struct failures *out);

/*
 * Adds one failure to the record. The caller sets last_s, exit_code, file and error of *out; since_s and count are
 * filled in from the record. STATUS_LOCAL when the record cannot be replaced; *out is complete then too.
 */
enum status failures_add(const struct push_notes *notes, struct failures *out, struct error *err);

/* Removes the record after a successful push. False without a record, at the cost of one system call. */
bool failures_end(const struct push_notes *notes, struct failures *out);

#endif
