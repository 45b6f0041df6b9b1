/*
 * Removes the WAL that no base backup needs, on all timelines together from the oldest segment on: whenever the removal
 * ends, the WAL of each timeline that is left has no new gap. Memory does not grow with the number of segments.
 * Timeline histories stay, because they tell how later timelines descend.
 */
#ifndef WALSHIP_EXPIRE_WAL_REMOVAL_H
#define WALSHIP_EXPIRE_WAL_REMOVAL_H

#include "expire/removal.h"
#include "expire/wal_floor.h"

/* Of one timeline: what goes. */
struct wal_range {
	uint32_t timeline;
	uint64_t first, last;    /* segments */
	uint64_t objects, bytes; /* .partial and .backup files too */
};

struct wal_removal {
	struct removal *removal;
	const struct wal_floor *floor; /* WAL_FLOOR_KNOWN */
	int64_t until_s;               /* WAL that was stored at this time or later stays, and all WAL behind it */
	bool dry_run;                  /* remove nothing */
	/* out: */
	struct wal_range *ranges; /* by timeline; owned */
	size_t count, capacity;
	bool refused; /* the store refused to remove WAL, and what is behind stays */
};

/* Also after a failure the ranges say what was removed. */
enum status wal_removal_run(struct wal_removal *wal, struct error *err);
void wal_removal_fini(struct wal_removal *wal);

#endif
