/* Segments that are stored after the listing: push-ahead stores later segments first. */
#include <string.h>

#include "repo/coverage_private.h"

static struct coverage_gap *find_gap(const struct coverage *coverage, uint32_t id, uint64_t number)
{
	size_t i = coverage_gaps_up_to(coverage, id, number);
	struct coverage_gap *gap = i == 0 ? NULL : &coverage->gaps[i - 1];
	return gap != NULL && gap->timeline == id && gap->last >= number && gap->needed && !gap->lost ? gap : NULL;
}

/* Whether the timeline's own segments stay one range from first to last. */
static bool is_beside(const struct coverage_timeline *timeline, uint64_t number)
{
	return timeline->segments == 0 || (number + 1 >= timeline->first && number <= timeline->last + 1);
}

static void extend(struct coverage_timeline *timeline, uint64_t number, int64_t stored_s)
{
	bool none = timeline->segments == 0;
	if (none || number < timeline->first) {
		timeline->first = number;
		timeline->first_s = stored_s;
	}
	if (none || number > timeline->last) {
		timeline->last = number;
		timeline->last_s = stored_s;
	}
	timeline->segments++;
	timeline->last_gap = (struct coverage_gap){0}; /* it matters only while gaps are unlisted */
}

static void remove_gap(struct coverage *coverage, size_t index)
{
	struct coverage_gap *gap = &coverage->gaps[index];
	coverage->gap_count--;
	memmove(gap, gap + 1, (coverage->gap_count - index) * sizeof *gap);
}

/* Leaves the part before the segment, and the part behind it. */
static bool split(struct coverage *coverage, size_t index, uint64_t number, int64_t stored_s)
{
	struct coverage_gap behind = coverage->gaps[index];
	struct error ignored = {0};
	bool kept;
	behind.first = number + 1;
	behind.before_s = stored_s;
	if (coverage_keep_gap(coverage, &behind, &kept, &ignored) || !kept)
		return false;
	coverage->gaps[index].last = number - 1;
	coverage->gaps[index].behind_s = stored_s;
	coverage_sort_gaps(coverage);
	return true;
}

bool coverage_add_late(struct coverage *coverage, uint32_t id, uint64_t number, int64_t stored_s)
{
	struct coverage_timeline *timeline = coverage_find(coverage, id);
	struct coverage_gap *gap = find_gap(coverage, id, number);
	if (timeline == NULL || gap == NULL || timeline->has_unlisted || !is_beside(timeline, number))
		return false;
	bool first = number == gap->first, last = number == gap->last;
	size_t index = (size_t)(gap - coverage->gaps);
	if (!first && !last && !split(coverage, index, number, stored_s))
		return false;
	if (first && last) {
		remove_gap(coverage, index);
	} else if (first) {
		gap->first++;
		gap->before_s = stored_s;
	} else if (last) {
		gap->last--;
		gap->behind_s = stored_s;
	}
	timeline->gaps += !first && !last;
	timeline->gaps -= first && last;
	timeline->gap_segments--;
	extend(timeline, number, stored_s);
	return true;
}
