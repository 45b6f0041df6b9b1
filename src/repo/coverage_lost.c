/* Segments that are stored but unreadable: gaps that only reading finds. */
#include "repo/coverage_private.h"

static bool is_listed(const struct coverage *coverage, const struct coverage_timeline *timeline, uint64_t number)
{
	const struct coverage_gap *last = &timeline->last_gap;
	size_t i = coverage_gaps_up_to(coverage, timeline->id, number);
	return (i > 0 && coverage->gaps[i - 1].timeline == timeline->id && coverage->gaps[i - 1].last >= number) ||
	       (last->timeline != 0 && last->first <= number && last->last >= number);
}

static enum status add_lost(struct coverage *coverage, struct coverage_timeline *timeline,
			    const struct coverage_gap *gap, struct error *err)
{
	bool kept = true;
	enum status st = coverage_keep_gap(coverage, gap, &kept, err);
	if (!st && kept)
		coverage_sort_gaps(coverage);
	/* last_gap always has room for the last gap of the timeline. */
	if (!kept)
		coverage_note_unlisted(timeline, gap->first);
	if (timeline->last_gap.timeline == 0 || timeline->last_gap.first < gap->first)
		timeline->last_gap = *gap;
	return st;
}

enum status coverage_mark_lost(struct coverage *coverage, uint32_t id, uint64_t number, struct error *err)
{
	struct coverage_timeline *timeline = coverage_find(coverage, id);
	struct coverage_gap gap = {.timeline = id, .lost = true, .first = number, .last = number};
	/* A segment stored after the listing is in no window. A segment damaged at both ends is reported twice. */
	if (timeline == NULL || timeline->segments == 0 || number < timeline->first || number > timeline->last ||
	    is_listed(coverage, timeline, number))
		return STATUS_OK;
	return add_lost(coverage, timeline, &gap, err);
}

/* Moves *first behind a listed gap that has it. Returns the end of the part of the range before the next gap. */
static uint64_t end_of_part(const struct coverage *coverage, uint32_t id, uint64_t *first, uint64_t last)
{
	const struct coverage_gap *gaps = coverage->gaps;
	if (gaps == NULL)
		return last + 1;
	size_t next = coverage_gaps_up_to(coverage, id, *first);
	if (next > 0 && gaps[next - 1].timeline == id && gaps[next - 1].last >= *first)
		*first = gaps[next - 1].last + 1;
	bool meets = next < coverage->gap_count && gaps[next].timeline == id && gaps[next].first <= last;
	return meets ? gaps[next].first : last + 1;
}

enum status coverage_mark_minimal(struct coverage *coverage, uint32_t id, uint64_t first, uint64_t last,
				  struct error *err)
{
	struct coverage_timeline *timeline = coverage_find(coverage, id);
	enum status st = STATUS_OK;
	if (timeline == NULL || timeline->segments == 0)
		return STATUS_OK;
	bool needed = first < timeline->needed_end;
	if (first < timeline->first)
		first = timeline->first;
	if (last > timeline->last)
		last = timeline->last;
	coverage->minimal_ranges += needed && first <= last;
	/* Some of these segments may be missing or damaged: the gaps stay without overlap. */
	while (!st && first <= last) {
		uint64_t end = end_of_part(coverage, id, &first, last);
		struct coverage_gap gap = {
		    .timeline = id, .needed = needed, .lost = true, .minimal = true, .first = first, .last = end - 1};
		if (first < end)
			st = add_lost(coverage, timeline, &gap, err);
		first = end;
	}
	return st;
}

struct asking {
	coverage_time_fn ask;
	void *arg;
	size_t left;
};

static int64_t time_of(struct asking *asking, const struct coverage_timeline *timeline, uint64_t number)
{
	int64_t stored_s = 0;
	if (number == timeline->first)
		return timeline->first_s;
	if (number == timeline->last)
		return timeline->last_s;
	if (asking->left > 0 && !asking->ask(asking->arg, timeline->id, number, &stored_s))
		asking->left = 0;
	asking->left -= asking->left > 0;
	return stored_s;
}

/* Asks only for neighbours that are stored. */
static void find_times(struct asking *asking, const struct coverage *coverage, size_t index)
{
	struct coverage_gap *gap = &coverage->gaps[index];
	const struct coverage_gap *before = index > 0 ? gap - 1 : NULL;
	const struct coverage_gap *behind = index + 1 < coverage->gap_count ? gap + 1 : NULL;
	struct coverage_timeline *timeline = coverage_find(coverage, gap->timeline);
	if (gap->last < timeline->last &&
	    (behind == NULL || behind->timeline != gap->timeline || behind->first > gap->last + 1))
		gap->behind_s = time_of(asking, timeline, gap->last + 1);
	if (gap->first > timeline->first &&
	    (before == NULL || before->timeline != gap->timeline || before->last + 1 < gap->first))
		gap->before_s = time_of(asking, timeline, gap->first - 1);
}

void coverage_lost_times(struct coverage *coverage, coverage_time_fn ask, void *arg)
{
	struct asking asking = {.ask = ask, .arg = arg, .left = COVERAGE_TIMES_MAX};
	for (size_t i = coverage->timeline_count; i-- > 0;) {
		struct coverage_timeline *timeline = &coverage->timelines[i];
		struct coverage_gap *last = &timeline->last_gap;
		if (timeline->has_unlisted && last->lost && last->last < timeline->last)
			last->behind_s = time_of(&asking, timeline, last->last + 1);
	}
	for (size_t i = coverage->gap_count; i-- > 0;)
		if (coverage->gaps[i].lost)
			find_times(&asking, coverage, i);
}
