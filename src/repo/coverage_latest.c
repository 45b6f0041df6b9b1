/* The timeline that PostgreSQL chooses by itself, beside the one that has the newest WAL. */
#include "repo/coverage_private.h"

/* Whether id is the timeline or an ancestor of it. */
static bool is_on_way_to(const struct coverage *coverage, uint32_t id, uint32_t timeline)
{
	while (timeline != 0 && timeline != id)
		timeline = coverage_find(coverage, timeline)->parent;
	return timeline == id;
}

/* Numbers that are set aside count again as soon as a later timeline is there (archive/fetch/hidden_history.h). */
static const struct coverage_timeline *find_latest(const struct coverage *coverage, uint32_t from)
{
	const struct coverage_timeline *latest = coverage_find(coverage, from);
	for (uint32_t id = from + 1; id != 0; id++) {
		const struct coverage_timeline *each = coverage_find(coverage, id);
		if (each == NULL || !each->has_history)
			break;
		latest = each->set_aside ? latest : each;
	}
	return latest;
}

uint32_t coverage_latest(const struct coverage *coverage, bool *strays, struct coverage_stray *out)
{
	struct coverage_window window;
	*strays = false;
	if (!coverage_newest_window(coverage, &window))
		return 0;
	const struct coverage_timeline *newest = coverage_find(coverage, window.timeline);
	const struct coverage_timeline *latest = find_latest(coverage, newest->id);
	const struct coverage_timeline *below = latest;
	/* Of a timeline with a history alone, the newest WAL is that of an ancestor. */
	while (newest->segments == 0 && newest->parent != 0)
		newest = coverage_find(coverage, newest->parent);
	while (below->parent != 0 && !is_on_way_to(coverage, below->parent, newest->id))
		below = coverage_find(coverage, below->parent);
	if (latest == newest || below->parent == 0 || newest->segments == 0 ||
	    newest->last < coverage_begin_of(coverage, below))
		return latest->id;
	*strays = true;
	*out = (struct coverage_stray){latest->id, below->parent, below->switch_lsn, newest->id, newest->last};
	return latest->id;
}
