/* Where on a timeline's line a recovery to the target stops, read from the archived WAL. */
#ifndef WALSHIP_RECOVERY_MOMENT_H
#define WALSHIP_RECOVERY_MOMENT_H

#include "catalog/commit_notes.h"
#include "console/progress.h"
#include "recovery/line.h"
#include "recovery/target.h"
#include "recovery/wal_scan.h"

struct moment_search {
	const struct target *target; /* not used for the first and last times, and may then be NULL */
	const struct line *line;
	const struct coverage *coverage;
	const struct repository *repo;
	const struct call *call;
	struct progress *progress;        /* may be NULL */
	const struct commit_notes *notes; /* may be NULL; a noted segment is read only to find a place within it */
	bool notes_only;                  /* for first and last times: a time that the notes lack is 0 */
	uint64_t first, end;              /* the segments to look at: end is the first one behind them */
};

struct moment {
	bool reached;      /* recovery meets the target in these segments */
	uint64_t lsn;      /* then: of the record at which it stops */
	int64_t before_us; /* then, for a time: of the last commit or abort before that record; 0: there is none */
	int64_t last_us;   /* otherwise, for a time: of the last commit or abort; 0: there is none */
	uint64_t segments, bytes; /* that were read */
};

/*
 * For TARGET_TIME, TARGET_LSN, TARGET_XID and TARGET_NAME. A time costs some reads for each doubling of the number of
 * segments, or that of the last one where all are noted; a transaction and a name cost a read of each segment up to the
 * target. STATUS_DAMAGED: a segment cannot be read through, so that recovery would not pass it.
 */
enum status moment_find(struct moment *out, const struct moment_search *search, struct error *err);

/* The time of the first record at or behind lsn that has one. *time_us is 0 if none is there. */
enum status moment_first_time(const struct moment_search *search, uint64_t lsn, int64_t *time_us, struct error *err);

/* The time of the first commit or abort; 0: none is there. */
enum status moment_first_end(const struct moment_search *search, int64_t *time_us, struct error *err);

/* The time of the last commit or abort; 0: none is there. */
enum status moment_last_time(const struct moment_search *search, int64_t *time_us, struct error *err);

/* location: the directory of a tablespace that replay creates there, whatever pg_tblspc leads to; "": in place. */
typedef void (*moment_tablespace_fn)(void *arg, uint64_t lsn, const char *location);

/*
 * Reports each CREATE TABLESPACE in the segments, from from_lsn on. Reads all of them. STATUS_DAMAGED as for
 * moment_find.
 */
enum status moment_each_tablespace(const struct moment_search *search, uint64_t from_lsn, moment_tablespace_fn each,
				   void *arg, struct error *err);

#endif
