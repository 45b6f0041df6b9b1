/* What the chain is, once all of it is known: how timelines join, and what is missing. */
#include "repo/coverage_private.h"

uint64_t coverage_begin_of(const struct coverage *coverage, const struct coverage_timeline *timeline)
{
	return timeline->parent == 0 ? timeline->first : timeline->switch_lsn / coverage->segment_bytes;
}

/* Whether an ancestor has a segment before this one: then what lies between is missing, and not over. */
static bool has_older(const struct coverage *coverage, const struct coverage_timeline *timeline, uint64_t number)
{
	while (timeline->parent != 0) {
		timeline = coverage_find(coverage, timeline->parent);
		if (timeline->segments > 0 && timeline->first < number)
			return true;
	}
	return false;
}

int64_t coverage_tip_s(const struct coverage_timeline *timeline)
{
	return timeline->segments > 0 ? timeline->last_s : timeline->oldest_s;
}

/* Children have higher numbers than their parents: from the last one down, each is complete when it is asked for. */
static void find_ends(struct coverage *coverage)
{
	for (size_t i = 0; i < coverage->timeline_count; i++)
		coverage->timelines[i].reach_s = coverage_tip_s(&coverage->timelines[i]);
	for (size_t i = coverage->timeline_count; i-- > 0;) {
		struct coverage_timeline *timeline = &coverage->timelines[i];
		/* needed_end is that of its children so far. */
		if (!timeline->is_left && timeline->segments > 0 && timeline->last >= timeline->needed_end)
			timeline->needed_end = timeline->last + 1;
		if (timeline->parent == 0)
			continue;
		struct coverage_timeline *parent = coverage_find(coverage, timeline->parent);
		uint64_t begin = coverage_begin_of(coverage, timeline);
		if (parent->needed_end < begin)
			parent->needed_end = begin;
		/* What is behind the switch, if anything is, came before the child's. */
		if (parent->segments == 0 || parent->last < begin || timeline->reach_s >= coverage_tip_s(parent))
			parent->is_left = true;
		if (timeline->reach_s > parent->reach_s)
			parent->reach_s = timeline->reach_s;
	}
}

/* Of the gaps among a timeline's own segments, those beyond its end are not needed; one across it is cut there. */
static void judge_gaps(struct coverage *coverage)
{
	for (size_t i = 0; i < coverage->gap_count; i++) {
		struct coverage_gap *gap = &coverage->gaps[i];
		struct coverage_timeline *timeline = coverage_find(coverage, gap->timeline);
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
static void judge_untold(struct coverage *coverage)
{
	for (size_t i = 0; i < coverage->timeline_count; i++) {
		struct coverage_timeline *timeline = &coverage->timelines[i];
		const struct coverage_untold *untold = &timeline->untold;
		if (untold->ranges == 0 || untold->first < timeline->needed_end)
			continue;
		timeline->gaps -= untold->ranges;
		timeline->gap_segments -= untold->segments;
		coverage->gaps_untold -= untold->ranges;
		coverage->left_untold += untold->ranges;
	}
}

static enum status add_missing(struct coverage *coverage, struct coverage_timeline *timeline, uint64_t first,
			       uint64_t end, int64_t behind_s, struct error *err)
{
	struct coverage_gap gap = {
	    .timeline = timeline->id, .needed = true, .first = first, .last = end - 1, .behind_s = behind_s};
	return first < end ? coverage_add_gap(coverage, timeline, &gap, err) : STATUS_OK;
}

/* What is missing before a timeline's first segment, and behind its last one. */
static enum status find_missing_ends(struct coverage *coverage, struct coverage_timeline *timeline, struct error *err)
{
	uint64_t begin = coverage_begin_of(coverage, timeline);
	uint64_t end = timeline->needed_end;
	bool older = has_older(coverage, timeline, begin);
	if (timeline->segments == 0 || timeline->last < begin)
		return older ? add_missing(coverage, timeline, begin, end, 0, err) : STATUS_OK;
	enum status st = STATUS_OK;
	if (older && timeline->first > begin)
		st = add_missing(coverage, timeline, begin, timeline->first < end ? timeline->first : end,
				 timeline->first_s, err);
	if (!st && timeline->last + 1 < end)
		st = add_missing(coverage, timeline, timeline->last + 1, end, 0, err);
	return st;
}

static void find_lost_origins(struct coverage *coverage)
{
	bool below = false;
	for (size_t i = 0; i < coverage->timeline_count; i++) {
		const struct coverage_timeline *timeline = &coverage->timelines[i];
		if (timeline->segments > 0 && timeline->parent == 0 && below)
			coverage->lost_origins++;
		below |= timeline->segments > 0;
	}
}

/* A parent that was left as soon as it began has no segment before the switch: its own parent has. */
static void find_joined(const struct coverage *coverage, struct coverage_timeline *timeline)
{
	uint64_t begin = coverage_begin_of(coverage, timeline);
	const struct coverage_timeline *below = timeline;
	if (timeline->parent == 0 || begin == 0)
		return;
	do
		below = coverage_find(coverage, below->parent);
	while (below->parent != 0 && coverage_begin_of(coverage, below) >= begin);
	timeline->joins = below->id;
}

enum status coverage_end(struct coverage *coverage, struct error *err)
{
	enum status st = STATUS_OK;
	find_ends(coverage);
	judge_gaps(coverage);
	judge_untold(coverage);
	for (size_t i = 0; !st && i < coverage->timeline_count; i++)
		st = find_missing_ends(coverage, &coverage->timelines[i], err);
	for (size_t i = 0; i < coverage->timeline_count; i++)
		find_joined(coverage, &coverage->timelines[i]);
	coverage_sort_gaps(coverage);
	find_lost_origins(coverage);
	return st;
}

bool coverage_is_whole(const struct coverage *coverage)
{
	for (size_t i = 0; i < coverage->timeline_count; i++)
		if (coverage->timelines[i].gaps > 0)
			return false;
	return coverage->lost_origins == 0;
}
