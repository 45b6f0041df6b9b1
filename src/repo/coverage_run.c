/* Which segments of one timeline are stored, wherever recovery may go. */
#include "repo/coverage_private.h"

const struct coverage_timeline *coverage_timeline_of(const struct coverage *coverage, uint32_t id)
{
	return coverage_find(coverage, id);
}

bool coverage_run(const struct coverage *coverage, uint32_t timeline, uint64_t number, uint64_t *end)
{
	const struct coverage_timeline *own = coverage_find(coverage, timeline);
	*end = number;
	if (own == NULL || own->segments == 0 || number < own->first || number > own->last)
		return false;
	size_t next = coverage_gaps_up_to(coverage, timeline, number);
	if (next > 0 && coverage->gaps[next - 1].timeline == timeline && coverage->gaps[next - 1].last >= number)
		return false;
	uint64_t run_end = own->last + 1;
	if (next < coverage->gap_count && coverage->gaps[next].timeline == timeline &&
	    coverage->gaps[next].first < run_end)
		run_end = coverage->gaps[next].first;
	/* Gaps that are not listed lie somewhere between the first of them and the last gap. */
	if (own->has_unlisted && number <= own->last_gap.last) {
		if (number >= own->listed_end)
			return false;
		if (own->listed_end < run_end)
			run_end = own->listed_end;
	}
	*end = run_end;
	return true;
}
