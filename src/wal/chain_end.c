/* What the chain is, once all of it is known: how timelines join, what is missing, what recovery can go through. */
#include <stdlib.h>

#include "wal/chain_private.h"

/* The first segment of the timeline: where it leaves its parent it begins with a copy (XLogInitNewTimeline, xlog.c). */
static uint64_t begin_of(const struct chain *chain, const struct chain_timeline *timeline)
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

/*
 * When the timeline came to where it is. Not its newest object's time: what was missing may have been stored later
 * (backfill), and a .partial is stored when the next timeline begins.
 */
static int64_t tip_s(const struct chain_timeline *timeline)
{
	return timeline->segments > 0 ? timeline->last_s : timeline->oldest_s;
}

/* Children have higher numbers than their parents: from the last one down, each is complete when it is asked for. */
static void find_ends(struct chain *chain)
{
	for (size_t i = 0; i < chain->timeline_count; i++)
		chain->timelines[i].reach_s = tip_s(&chain->timelines[i]);
	for (size_t i = chain->timeline_count; i-- > 0;) {
		struct chain_timeline *timeline = &chain->timelines[i];
		/* needed_end is that of its children so far. */
		if (!timeline->is_left && timeline->segments > 0 && timeline->last >= timeline->needed_end)
			timeline->needed_end = timeline->last + 1;
		if (timeline->parent == 0)
			continue;
		struct chain_timeline *parent = chain_find(chain, timeline->parent);
		uint64_t begin = begin_of(chain, timeline);
		if (parent->needed_end < begin)
			parent->needed_end = begin;
		/* What is behind the switch, if anything is, came before the child's. */
		if (parent->segments == 0 || parent->last < begin || timeline->reach_s >= tip_s(parent))
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
	uint64_t begin = begin_of(chain, timeline);
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

static int by_place(const void *a, const void *b)
{
	const struct chain_gap *left = a, *right = b;
	if (left->timeline != right->timeline)
		return left->timeline < right->timeline ? -1 : 1;
	return left->first < right->first ? -1 : left->first > right->first;
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

enum status chain_end(struct chain *chain, struct error *err)
{
	enum status st = STATUS_OK;
	find_ends(chain);
	judge_gaps(chain);
	judge_untold(chain);
	for (size_t i = 0; !st && i < chain->timeline_count; i++)
		st = find_missing_ends(chain, &chain->timelines[i], err);
	if (chain->gap_count > 0)
		qsort(chain->gaps, chain->gap_count, sizeof *chain->gaps, by_place);
	find_lost_origins(chain);
	return st;
}

enum status chain_lose(struct chain *chain, uint32_t id, uint64_t number, struct error *err)
{
	struct chain_timeline *timeline = chain_find(chain, id);
	struct chain_gap gap = {.timeline = id, .lost = true, .first = number, .last = number};
	bool kept = true;
	if (timeline == NULL)
		return STATUS_OK;
	enum status st = chain_keep_gap(chain, &gap, &kept, err);
	if (!st && kept)
		qsort(chain->gaps, chain->gap_count, sizeof *chain->gaps, by_place);
	/* There is room for one more in any case: the last of the timeline. */
	if (!kept)
		timeline->gaps_untold = true;
	if (timeline->last_gap.timeline == 0 || timeline->last_gap.first < number)
		timeline->last_gap = gap;
	return st;
}

bool chain_is_whole(const struct chain *chain)
{
	for (size_t i = 0; i < chain->timeline_count; i++)
		if (chain->timelines[i].gaps > 0)
			return false;
	return chain->lost_origins == 0;
}

/*
 * The last gap among the timeline's own segments, or at its ends where those were told, that begins at this segment or
 * before, into *out; NULL when there is none. False when that is not known: some ranges were only counted.
 */
static bool find_gap(const struct chain *chain, const struct chain_timeline *timeline, uint64_t number,
		     const struct chain_gap **out)
{
	*out = NULL;
	if (timeline->gaps_untold && timeline->last_gap.timeline == 0)
		return true;
	if (timeline->gaps_untold) {
		*out = &timeline->last_gap;
		return timeline->last_gap.first <= number;
	}
	for (size_t i = 0; i < chain->gap_count && chain->gaps[i].timeline <= timeline->id; i++)
		if (chain->gaps[i].timeline == timeline->id && chain->gaps[i].first <= number)
			*out = &chain->gaps[i];
	return true;
}

static void begin_at(struct chain_window *out, const struct chain_timeline *timeline, uint64_t first, int64_t first_s)
{
	out->first_timeline = timeline->id;
	out->first = first;
	out->first_s = first_s;
}

/* Goes down from the end, through the timelines, to the first gap. out has its last segment. */
static void find_begin(const struct chain *chain, const struct chain_timeline *timeline, struct chain_window *out)
{
	uint64_t number = out->last;
	for (;;) {
		const struct chain_gap *gap;
		/* Left as soon as it began: there is no segment of it that could be missing. */
		if (timeline->parent != 0 && number < begin_of(chain, timeline)) {
			timeline = chain_find(chain, timeline->parent);
			continue;
		}
		/* What is missing at its ends may be among the ranges that were only counted. */
		if (timeline->segments == 0 || timeline->first > number || timeline->last < number)
			return;
		if (!find_gap(chain, timeline, number, &gap) || (gap != NULL && gap->last >= number))
			return;
		if (gap != NULL) {
			begin_at(out, timeline, gap->last + 1, gap->behind_s);
			return;
		}
		begin_at(out, timeline, timeline->first, timeline->first_s);
		if (timeline->parent == 0 || begin_of(chain, timeline) == 0 ||
		    timeline->first > begin_of(chain, timeline))
			return;
		number = begin_of(chain, timeline) - 1;
		timeline = chain_find(chain, timeline->parent);
	}
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Rules go by age: what is archived is what is oldest, and one number says enough. */
static void find_archived(const struct chain *chain, struct chain_window *out)
{
	const struct chain_timeline *timeline = chain_find(chain, out->last_timeline);
	uint64_t end = out->last + 1;
	for (;;) {
		uint64_t begin = timeline->id == out->first_timeline ? out->first : 0;
		uint64_t last = least(timeline->archived_end, end);
		if (last > begin && last > timeline->archived_first) {
			out->archived_timeline = timeline->id;
			out->archived_last = last - 1;
			return;
		}
		if (timeline->id == out->first_timeline || timeline->parent == 0)
			return;
		end = least(end, begin_of(chain, timeline));
		timeline = chain_find(chain, timeline->parent);
	}
}

bool chain_window(const struct chain *chain, size_t index, struct chain_window *out)
{
	const struct chain_timeline *timeline = &chain->timelines[index];
	*out = (struct chain_window){.timeline = timeline->id};
	if (timeline->is_left)
		return false;
	uint64_t end = UINT64_MAX;
	while (timeline->segments == 0 && timeline->parent != 0) {
		end = begin_of(chain, timeline);
		timeline = chain_find(chain, timeline->parent);
	}
	if (timeline->segments == 0 || timeline->first >= end)
		return false;
	out->last_timeline = timeline->id;
	out->last = timeline->last < end ? timeline->last : end - 1;
	out->last_s = timeline->last < end ? timeline->last_s : 0;
	/* Beyond the last segment nothing is a gap yet; before a switch it may be, and what is lost is anywhere. */
	const struct chain_gap *gap;
	while (find_gap(chain, timeline, out->last, &gap) && gap != NULL && gap->last >= out->last) {
		if (gap->first <= timeline->first)
			return false;
		out->last = gap->first - 1;
		out->last_s = 0;
	}
	begin_at(out, timeline, out->last, out->last_s);
	find_begin(chain, timeline, out);
	find_archived(chain, out);
	out->begin_lsn = out->first * chain->segment_bytes;
	out->end_lsn = (out->last + 1) * chain->segment_bytes;
	return true;
}

bool chain_newest_window(const struct chain *chain, struct chain_window *out)
{
	const struct chain_timeline *best = NULL;
	for (size_t i = 0; i < chain->timeline_count; i++) {
		struct chain_window window;
		const struct chain_timeline *timeline = &chain->timelines[i];
		if (!chain_window(chain, i, &window) || (best != NULL && tip_s(timeline) < tip_s(best)))
			continue;
		best = timeline;
		*out = window;
	}
	return best != NULL;
}
