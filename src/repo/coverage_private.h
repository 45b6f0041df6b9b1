/* Shared by the files of the chain. */
#ifndef WALSHIP_REPO_COVERAGE_PRIVATE_H
#define WALSHIP_REPO_COVERAGE_PRIVATE_H

#include "repo/coverage.h"

/* NULL when nothing is known of this timeline. */
struct coverage_timeline *coverage_find(const struct coverage *coverage, uint32_t id);

/* The first segment of the timeline: where it leaves its parent it begins with a copy (XLogInitNewTimeline, xlog.c). */
uint64_t coverage_begin_of(const struct coverage *coverage, const struct coverage_timeline *timeline);

/*
 * When the timeline came to where it is. Not its newest object's time: what was missing may have been stored later
 * (backfill), and a .partial is stored when the next timeline begins.
 */
int64_t coverage_tip_s(const struct coverage_timeline *timeline);

/* Once ended: how many of the gaps that were kept begin at this segment of this timeline, or before. */
size_t coverage_gaps_up_to(const struct coverage *coverage, uint32_t id, uint64_t number);

/* Ascending by timeline and place. */
void coverage_sort_gaps(struct coverage *coverage);

/* A gap among the timeline's own segments begins here, and is not kept. */
void coverage_untold(struct coverage_timeline *timeline, uint64_t first);

/* Counts the gap, and keeps it while there is room. */
enum status coverage_add_gap(struct coverage *coverage, struct coverage_timeline *timeline,
			     const struct coverage_gap *gap, struct error *err);

/* Keeps it while there is room, else *kept is false. */
enum status coverage_keep_gap(struct coverage *coverage, const struct coverage_gap *gap, bool *kept, struct error *err);

#endif
