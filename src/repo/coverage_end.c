/* Evaluates the complete listing: how timelines connect, and which segments are missing. */
#include "repo/coverage_private.h"

uint64_t coverage_begin_of(const struct coverage *coverage, const struct coverage_timeline *timeline)
{
	return timeline->parent == 0 ? timeline->first : timeline->switch_lsn / coverage->segment_bytes;
}

/* Whether an ancestor has an older segment: then the WAL between is missing, not removed by retention. */
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

/* Children have higher ids than their parents: going down, each timeline is visited after all of its children. */
static void find_ends(struct coverage *coverage)
{
	for (size_t i = 0; i < coverage->timeline_count; i++) {
		struct coverage_timeline *timeline = &coverage->timelines[i];
		timeline->set_aside |= timeline->parent != 0 && coverage_find(coverage, timeline->parent)->set_aside;
	}
	for (size_t i = 0; i < coverage->timeline_count; i++)
		coverage->timelines[i].reach_s = coverage_tip_s(&coverage->timelines[i]);
	for (size_t i = coverage->timeline_count; i-- > 0;) {
		struct coverage_timeline *timeline = &coverage->timelines[i];
		if (timeline->set_aside)
			continue;
		/* So far needed_end comes from the children alone. */
		if (!timeline->is_abandoned && timeline->segments > 0 && timeline->last >= timeline->needed_end)
			timeline->needed_end = timeline->last + 1;
		if (timeline->parent == 0)
			continue;
		struct coverage_timeline *parent = coverage_find(coverage, timeline->parent);
		uint64_t begin = coverage_begin_of(coverage, timeline);
		if (parent->needed_end < begin)
			parent->needed_end = begin;
		/* The parent stored nothing behind the switch, or stored it before the child's newest WAL. */
		if (parent->segments == 0 || parent->last < begin || timeline->reach_s >= coverage_tip_s(parent))
			parent->is_abandoned = true;
		if (timeline->reach_s > parent->reach_s)
			parent->reach_s = timeline->reach_s;
	}
}

/* Gaps behind the timeline's needed end are not needed; a gap across the end is cut there. */
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

/* The same for unlisted ranges. */
static void judge_unlisted(struct coverage *coverage)
{
	for (size_t i = 0; i < coverage->timeline_count; i++) {
		struct coverage_timeline *timeline = &coverage->timelines[i];
		const struct coverage_unlisted *unlisted = &timeline->unlisted;
		if (unlisted->ranges == 0 || unlisted->first < timeline->needed_end)
			continue;
		timeline->gaps -= unlisted->ranges;
		timeline->gap_segments -= unlisted->segments;
		coverage->gaps_unlisted -= unlisted->ranges;
		coverage->abandoned_unlisted += unlisted->ranges;
	}
}

static enum status add_missing(struct coverage *coverage, struct coverage_timeline *timeline, uint64_t first,
			       uint64_t end, int64_t behind_s, struct error *err)
{
	struct coverage_gap gap = {
	    .timeline = timeline->id, .needed = true, .first = first, .last = end - 1, .behind_s = behind_s};
	return first < end ? coverage_add_gap(coverage, timeline, &gap, err) : STATUS_OK;
}

/* Adds the gaps before the timeline's first segment and after its last. */
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

static void count_missing_histories(struct coverage *coverage)
{
	bool below = false;
	for (size_t i = 0; i < coverage->timeline_count; i++) {
		const struct coverage_timeline *timeline = &coverage->timelines[i];
		if (timeline->segments > 0 && timeline->parent == 0 && below)
			coverage->missing_histories++;
		below |= timeline->segments > 0;
	}
}

/* A parent may have no segment before the switch, if it was promoted at once: then its own parent has it. */
static void find_predecessor(const struct coverage *coverage, struct coverage_timeline *timeline)
{
	uint64_t begin = coverage_begin_of(coverage, timeline);
	const struct coverage_timeline *below = timeline;
	if (timeline->parent == 0 || begin == 0)
		return;
	do
		below = coverage_find(coverage, below->parent);
	while (below->parent != 0 && coverage_begin_of(coverage, below) >= begin);
	timeline->predecessor = below->id;
}

enum status coverage_end(struct coverage *coverage, struct error *err)
{
	enum status st = STATUS_OK;
	find_ends(coverage);
	judge_gaps(coverage);
	judge_unlisted(coverage);
	for (size_t i = 0; !st && i < coverage->timeline_count; i++)
		st = find_missing_ends(coverage, &coverage->timelines[i], err);
	for (size_t i = 0; i < coverage->timeline_count; i++)
		find_predecessor(coverage, &coverage->timelines[i]);
	coverage_sort_gaps(coverage);
	count_missing_histories(coverage);
	return st;
}

bool coverage_is_complete(const struct coverage *coverage)
{
	for (size_t i = 0; i < coverage->timeline_count; i++)
		if (coverage->timelines[i].gaps > 0)
			return false;
	return coverage->missing_histories == 0;
}
