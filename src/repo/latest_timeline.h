/* The timeline that recovery to the latest takes, from the history files in the repository. */
#ifndef WALSHIP_REPO_LATEST_TIMELINE_H
#define WALSHIP_REPO_LATEST_TIMELINE_H

#include <stdint.h>

#include "repo/repository.h"

struct latest_timeline {
	uint32_t timeline;
	uint32_t parent;     /* the timeline from which the search began, if this one descends from it; else 0 */
	uint64_t switch_lsn; /* where it, or an ancestor of it, left that timeline */
	uint32_t aside;      /* the search found no later timeline, and this one, which is set aside, is that from which
				it began, or an ancestor: recovery to the latest goes another way; 0: none */
};

/*
 * Searches upwards from a timeline, as findNewestTimeLine in timeline.c does: up to the first number without a history.
 * Timelines that are set aside do not count (repo/set_aside.h). When no later timeline is there, one request from
 * timeline 1, and two from others.
 */
enum status latest_timeline_find(struct latest_timeline *out, struct repository *repo, const struct call *call,
				 uint64_t system_id, uint32_t from, struct error *err);

#endif
