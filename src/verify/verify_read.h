/* verify --read: opens what is in the repository, by as many threads as there are processors. */
#ifndef WALSHIP_VERIFY_VERIFY_READ_H
#define WALSHIP_VERIFY_VERIFY_READ_H

#include "console/console.h"
#include "console/progress.h"
#include "repo/repository.h"
#include "verify/missing_keys.h"
#include "verify/verified.h"

struct read_totals {
	uint64_t objects, bytes; /* read, as they are stored */
	uint64_t records;        /* WAL records whose CRC was checked */
	uint64_t remembered;     /* segments that were read before */
	uint64_t unreadable;     /* objects in a storage class that cannot be read at once */
	uint64_t skipped;        /* records across two segments of which one part was not at hand */
	uint64_t removed;        /* objects that went between the listing and the reading */
	uint64_t damaged;
	struct missing_keys missing_keys; /* what is not known to be damaged, and cannot be opened */
};

struct cluster_reading {
	const struct call *call;
	const struct console *console;
	bool json;
	const struct repository *repo; /* each thread joins it with a connection of its own */
	size_t threads;                /* at most */
	struct progress *progress;
	struct verified *verified;
	uint64_t system_id;
	uint32_t segment_bytes;
	uint64_t objects, bytes; /* to be read, for the progress */
	/* Told of each segment that cannot be opened, by one thread at a time. */
	enum status (*lost)(void *arg, uint32_t timeline, uint64_t number, struct error *err);
	void *arg;
	struct read_totals totals; /* out */
};

/*
 * Lists the cluster again and reads what is not remembered. What is damaged is printed as soon as it is found, and is
 * no reason to stop; of what a key is lacking for the first of each key. What was found good is remembered, also when
 * this fails later.
 */
enum status verify_read(struct cluster_reading *cluster, struct error *err);

#endif
