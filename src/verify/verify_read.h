/* verify --read: opens and checks the objects of one cluster, with several threads. */
#ifndef WALSHIP_VERIFY_VERIFY_READ_H
#define WALSHIP_VERIFY_VERIFY_READ_H

#include "catalog/commit_notes.h"
#include "console/console.h"
#include "console/progress.h"
#include "repo/repository.h"
#include "verify/level_changes.h"
#include "verify/missing_keys.h"
#include "verify/verified.h"

struct read_totals {
	uint64_t objects, bytes; /* read; bytes as stored */
	uint64_t records;        /* WAL records whose CRC was checked */
	uint64_t remembered;     /* segments noted as good by an earlier run, and not read */
	uint64_t unreadable;     /* objects in an archive storage class */
	uint64_t skipped;        /* records that cross a boundary and could not be checked: a part was not available */
	uint64_t removed;        /* objects removed between the listing and the read */
	uint64_t damaged;        /* or not opened */
	uint64_t not_opened;     /* because of this machine: permission, disk; included in damaged */
	struct missing_keys missing_keys; /* of objects that cannot be opened and are not known to be damaged */
};

struct cluster_reading {
	const struct call *call;
	const struct console *console;
	bool json;
	const struct repository *repo; /* each thread joins it with a connection of its own */
	size_t threads;                /* at most */
	struct progress *progress;
	struct verified *verified;
	struct commit_notes *commits;
	uint64_t system_id;
	uint32_t segment_bytes;
	uint64_t objects, bytes; /* to read: for the progress */
	int64_t newest_s;        /* UTC when the newest object was stored, for the notes */
	/* Called for each unreadable segment, by one thread at a time. */
	enum status (*lost)(void *arg, uint32_t timeline, uint64_t number, struct error *err);
	/* At the end, for each range of segments with WAL that was written with wal_level = minimal. */
	enum status (*minimal)(void *arg, const struct level_range *range, struct error *err);
	void *arg;
	struct read_totals totals; /* out */
};

/*
 * Lists the cluster again and reads the objects that are not noted as good. Prints each damaged object when it is
 * found, and the first object of each missing key; neither ends the run. Notes the good segments, and the times of
 * their commits, even if the run fails later.
 */
enum status verify_read(struct cluster_reading *cluster, struct error *err);

#endif
