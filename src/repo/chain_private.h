/* Shared by the files of the chain. */
#ifndef WALSHIP_WAL_CHAIN_PRIVATE_H
#define WALSHIP_WAL_CHAIN_PRIVATE_H

#include "repo/chain.h"

/* NULL when nothing is known of this timeline. */
struct chain_timeline *chain_find(const struct chain *chain, uint32_t id);

/* The first segment of the timeline: where it leaves its parent it begins with a copy (XLogInitNewTimeline, xlog.c). */
uint64_t chain_begin_of(const struct chain *chain, const struct chain_timeline *timeline);

/*
 * When the timeline came to where it is. Not its newest object's time: what was missing may have been stored later
 * (backfill), and a .partial is stored when the next timeline begins.
 */
int64_t chain_tip_s(const struct chain_timeline *timeline);

/* Once ended: how many of the gaps that were kept begin at this segment of this timeline, or before. */
size_t chain_gaps_up_to(const struct chain *chain, uint32_t id, uint64_t number);

/* Ascending by timeline and place. */
void chain_sort_gaps(struct chain *chain);

/* A gap among the timeline's own segments begins here, and is not kept. */
void chain_untold(struct chain_timeline *timeline, uint64_t first);

/* Counts the gap, and keeps it while there is room. */
enum status chain_add_gap(struct chain *chain, struct chain_timeline *timeline, const struct chain_gap *gap,
			  struct error *err);

/* Keeps it while there is room, else *kept is false. */
enum status chain_keep_gap(struct chain *chain, const struct chain_gap *gap, bool *kept, struct error *err);

#endif
