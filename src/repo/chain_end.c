/* What the chain is, once all of it is known: how timelines join, and what is missing. */
#include "repo/chain_private.h"

uint64_t chain_begin_of(const struct chain *chain, const struct chain_timeline *timeline)
{
	return timeline->parent == 0 ? timeline->first : timeline->switch_lsn / chain->segment_bytes;
}

/* Whether an ancestor has a segment before this one: then what lies between is missing, and not over. */
static bool has_older(const struct chain *chain, const struct chain_timeline *timeline, uint64_t number)
{
	while (timeline->parent != 0) {
		timeline = chain_find(chain, timeline->parent);
		if (timeline->segments > 0 && timeline->first < number)
			return true;
	}
	return false;
}

int64_t chain_tip_s(const struct chain_timeline *timeline)
{
	return timeline->segments > 0 ? timeline->last_s : timeline->oldest_s;
}

/* Children have higher numbers than their parents: from the last one down, each is complete when it is asked for. */
static void find_ends(struct chain *chain)
{
	for (size_t i = 0; i < chain->timeline_count; i++)
		chain->timelines[i].reach_s = chain_tip_s(&chain->timelines[i]);
	for (size_t i = chain->timeline_count; i-- > 0;) {
		struct chain_timeline *timeline = &chain->timelines[i];
		/* needed_end is that of its children so far. */
		if (!timeline->is_left && timeline->segments > 0 && timeline->last >= timeline->needed_end)
			timeline->needed_end = timeline->last + 1;
		if (timeline->parent == 0)
			continue;
		struct chain_timeline *parent = chain_find(chain, timeline->parent);
		uint64_t begin = chain_begin_of(chain, timeline);
		if (parent->needed_end < begin)
			parent->needed_end = begin;
		/* What is behind the switch, if anything is, came before the child's. */
		if (parent->segments == 0 || parent->last < begin || timeline->reach_s >= chain_tip_s(parent))
			parent->is_left = true;
		if (timeline->reach_s > parent->reach_s)
			parent->reach_s = timeline->reach_s;
	}
}

/* Of the gaps among a timeline's own segments, those beyond its end are not needed; one across it is cut there. */
static void judge_gaps(struct chain *chain)
{
	for (size_t i = 0; i < chain->gap_count; i++) {
		struct chain_gap *gap = &chain->gaps[i];
		struct chain_timeline *timeline = chain_find(chain, gap->timeline);
		gap->needed = gap->first < timeline->needed_end;
		uint64_t last = gap->last < timeline->needed_end ? gap->last : timeline->needed_end - 1;
		if (!gap->needed) {
			timeline->gaps--;
			timeline->gap_segments -= gap->last - gap->first + 1;
		} else if (last < gap->last) {
			timeline->gap_segments -= gap->last - last;
			gap->last = last;
			gap->behind_s = 0;
		}
	}
}

/* The same for those that were only counted. */
static void judge_untold(struct chain *chain)
{
	for (size_t i = 0; i < chain->timeline_count; i++) {
		struct chain_timeline *timeline = &chain->timelines[i];
		const struct chain_untold *untold = &timeline->untold;
		if (untold->ranges == 0 || untold->first < timeline->needed_end)
			continue;
		timeline->gaps -= untold->ranges;
		timeline->gap_segments -= untold->segments;
		chain->gaps_untold -= untold->ranges;
		chain->left_untold += untold->ranges;
	}
}

static enum status add_missing(struct chain *chain, struct chain_timeline *timeline, uint64_t first, uint64_t end,
			       int64_t behind_s, struct error *err)
{
	struct chain_gap gap = {
	    .timeline = timeline->id, .needed = true, .first = first, .last = end - 1, .behind_s = behind_s};
	return first < end ? chain_add_gap(chain, timeline, &gap, err) : STATUS_OK;
}

/* What is missing before a timeline's first segment, and behind its last one. */
static enum status find_missing_ends(struct chain *chain, struct chain_timeline *timeline, struct error *err)
{
	uint64_t begin = chain_begin_of(chain, timeline);
	uint64_t end = timeline->needed_end;
	bool older = has_older(chain, timeline, begin);
	if (timeline->segments == 0 || timeline->last < begin)
		return older ? add_missing(chain, timeline, begin, end, 0, err) : STATUS_OK;
	enum status st = STATUS_OK;
	if (older && timeline->first > begin)
		st = add_missing(chain, timeline, begin, timeline->first < end ? timeline->first : end,
				 timeline->first_s, err);
	if (!st && timeline->last + 1 < end)
		st = add_missing(chain, timeline, timeline->last + 1, end, 0, err);
	return st;
}

static void find_lost_origins(struct chain *chain)
{
	bool below = false;
	for (size_t i = 0; i < chain->timeline_count; i++) {
		const struct chain_timeline *timeline = &chain->timelines[i];
		if (timeline->segments > 0 && timeline->parent == 0 && below)
			chain->lost_origins++;
		below |= timeline->segments > 0;
	}
}

/* A parent that was left as soon as it began has no segment before the switch: its own parent has. */
static void find_joined(const struct chain *chain, struct chain_timeline *timeline)
{
	uint64_t begin = chain_begin_of(chain, timeline);
	const struct chain_timeline *below = timeline;
	if (timeline->parent == 0 || begin == 0)
		return;
	do
		below = chain_find(chain, below->parent);
	while (below->parent != 0 && chain_begin_of(chain, below) >= begin);
	timeline->joins = below->id;
}

enum status chain_end(struct chain *chain, struct error *err)
{
	enum status st = STATUS_OK;
	find_ends(chain);
	judge_gaps(chain);
	judge_untold(chain);
	for (size_t i = 0; !st && i < chain->timeline_count; i++)
		st = find_missing_ends(chain, &chain->timelines[i], err);
	for (size_t i = 0; i < chain->timeline_count; i++)
		find_joined(chain, &chain->timelines[i]);
	chain_sort_gaps(chain);
	find_lost_origins(chain);
	return st;
}

bool chain_is_whole(const struct chain *chain)
{
	for (size_t i = 0; i < chain->timeline_count; i++)
		if (chain->timelines[i].gaps > 0)
			return false;
	return chain->lost_origins == 0;
}
