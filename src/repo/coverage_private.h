/* Shared by the coverage*.c files. */
#ifndef WALSHIP_REPO_COVERAGE_PRIVATE_H
#define WALSHIP_REPO_COVERAGE_PRIVATE_H

#include "repo/coverage.h"

/* NULL when the timeline is unknown. */
struct coverage_timeline *coverage_find(const struct coverage *coverage, uint32_t id);

/* The timeline's first segment: a copy of its parent's at the switch (XLogInitNewTimeline, xlog.c). */
uint64_t coverage_begin_of(const struct coverage *coverage, const struct coverage_timeline *timeline);

/*
 * The time of the timeline's last segment. The newest object's time would be wrong: backfill may store older segments
 * later, and a .partial is stored when the next timeline begins.
 */
int64_t coverage_tip_s(const struct coverage_timeline *timeline);

/* After coverage_end: the number of listed gaps that begin at or before this segment of this timeline. */
size_t coverage_gaps_up_to(const struct coverage *coverage, uint32_t id, uint64_t number);

/* Sorts ascending by timeline and first segment. */
void coverage_sort_gaps(struct coverage *coverage);

/* Notes that a gap between the timeline's own segments begins here and is not listed. */
void coverage_note_unlisted(struct coverage_timeline *timeline, uint64_t first);

/* Counts the gap, and lists it while there is room. */
enum status coverage_add_gap(struct coverage *coverage, struct coverage_timeline *timeline,
			     const struct coverage_gap *gap, struct error *err);

/* Lists the gap while there is room; else *kept becomes false. */
enum status coverage_keep_gap(struct coverage *coverage, const struct coverage_gap *gap, bool *kept, struct error *err);

#endif
