/* Pushes that fail, one after the other: a record in the spool, for `walship status` and notify-command. */
#ifndef WALSHIP_MONITOR_FAILURES_H
#define WALSHIP_MONITOR_FAILURES_H

#include "monitor/push_notes.h"
#include "pg/wal/name.h"
#include "walship/error.h"

struct failures {
	int64_t since_s, last_s; /* UTC */
	uint64_t count;
	int exit_code;           /* of the last one, as its error */
	char file[WAL_NAME_MAX]; /* cut, where it is no WAL file's name */
	struct error error;
};

/* False when there is no record, or none that can be read. */
bool failures_read(const struct push_notes *notes, struct failures *out);

/*
 * One more, to what there is already; *out, of which last_s, exit_code, file and error are given, becomes all of them
 * together. The record is replaced as a whole. STATUS_LOCAL when it cannot be; *out is complete then too.
 */
enum status failures_add(const struct push_notes *notes, struct failures *out, struct error *err);

/* A push has succeeded: removes the record. False when there was none, which costs one system call. */
bool failures_end(const struct push_notes *notes, struct failures *out);

#endif
