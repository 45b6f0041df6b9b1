/* Where recovery is possible: stretches without a gap in each timeline, joined where a timeline branches off. */
#include "repo/coverage_private.h"

/* Segments of one timeline without a gap. */
struct stretch {
	const struct coverage_timeline *timeline;
	uint64_t first, end;     /* end: the last segment plus 1 */
	int64_t first_s, last_s; /* 0: unknown */
};

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Of an abandoned timeline, nothing behind its last switch is needed. */
static uint64_t end_of(const struct coverage_timeline *timeline)
{
	return timeline->segments == 0 ? 0 : least(timeline->last + 1, timeline->needed_end);
}

size_t coverage_gaps_up_to(const struct coverage *coverage, uint32_t id, uint64_t number)
{
	size_t low = 0, high = coverage->gap_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct coverage_gap *gap = &coverage->gaps[middle];
		if (gap->timeline < id || (gap->timeline == id && gap->first <= number))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* False when the segment is in the gap; out->end is then the end of the gap. */
static bool begin_behind(struct stretch *out, const struct coverage_gap *gap, uint64_t number)
{
	if (gap->last >= number) {
		out->end = gap->last + 1;
		return false;
	}
	out->first = gap->last + 1;
	out->first_s = gap->behind_s;
	return true;
}

static void end_before(struct stretch *out, uint64_t first, int64_t before_s)
{
	if (first >= out->end)
		return;
	out->end = first;
	out->last_s = before_s;
}

/* Finds the stretch that contains the segment. False when there is none or it is unknown; skip to out->end then. */
static bool stretch_at(const struct coverage *coverage, const struct coverage_timeline *timeline, uint64_t number,
		       struct stretch *out)
{
	*out = (struct stretch){.timeline = timeline,
				.first = timeline->first,
				.end = timeline->last + 1,
				.first_s = timeline->first_s,
				.last_s = timeline->last_s};
	end_before(out, end_of(timeline), 0);
	if (number < timeline->first || number >= out->end)
		return false;
	/* Further gaps may lie between the first unlisted gap and the last. */
	if (timeline->has_unlisted && number >= timeline->listed_end)
		return begin_behind(out, &timeline->last_gap, number);
	if (timeline->has_unlisted)
		end_before(out, timeline->listed_end, 0);
	size_t i = coverage_gaps_up_to(coverage, timeline->id, number);
	if (i < coverage->gap_count && coverage->gaps[i].timeline == timeline->id)
		end_before(out, coverage->gaps[i].first, coverage->gaps[i].before_s);
	return i == 0 || coverage->gaps[i - 1].timeline != timeline->id ||
	       begin_behind(out, &coverage->gaps[i - 1], number);
}

/* Continues with the stretch of the predecessor, if this stretch begins at the branch point. */
static bool continue_below(const struct coverage *coverage, const struct stretch *from, struct stretch *out)
{
	const struct coverage_timeline *timeline = from->timeline;
	uint64_t begin = coverage_begin_of(coverage, timeline);
	return timeline->predecessor != 0 && from->first <= begin &&
	       stretch_at(coverage, coverage_find(coverage, timeline->predecessor), begin - 1, out);
}

/* A timeline without any stored segment yet: it ends at its branch point. */
static bool is_empty_end(const struct coverage_timeline *timeline)
{
	return timeline->segments == 0 && !timeline->is_abandoned && !timeline->set_aside && timeline->predecessor != 0;
}

/* Whether another timeline branches off exactly where the stretch ends, and continues it. */
static bool is_continued(const struct coverage *coverage, const struct stretch *stretch)
{
	for (size_t i = 0; i < coverage->timeline_count; i++) {
		const struct coverage_timeline *each = &coverage->timelines[i];
		uint64_t begin = coverage_begin_of(coverage, each);
		struct stretch above;
		if (each->predecessor != stretch->timeline->id || begin != stretch->end)
			continue;
		if (is_empty_end(each) ||
		    (each->segments > 0 && stretch_at(coverage, each, begin, &above) && above.first <= begin))
			return true;
	}
	return false;
}

/* Lifecycle rules go by age: the archived segments are the oldest, so the last of them is enough. */
static void find_archived(const struct coverage *coverage, struct coverage_window *out)
{
	const struct coverage_timeline *timeline = coverage_find(coverage, out->last_timeline);
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
		end = least(end, coverage_begin_of(coverage, timeline));
		timeline = coverage_find(coverage, timeline->parent);
	}
}

static struct coverage_window window_of(const struct coverage *coverage, const struct stretch *top)
{
	struct stretch each = *top;
	struct coverage_window out = {.timeline = top->timeline->id,
				      .last_timeline = top->timeline->id,
				      .at_gap = top->timeline->is_abandoned || top->end <= top->timeline->last,
				      .last = top->end - 1,
				      .last_s = top->last_s,
				      .end_lsn = top->end * coverage->segment_bytes};
	do {
		out.first_timeline = each.timeline->id;
		out.first = each.first;
		out.first_s = each.first_s;
	} while (continue_below(coverage, &each, &each));
	out.begin_lsn = out.first * coverage->segment_bytes;
	find_archived(coverage, &out);
	return out;
}

static enum status report_own(const struct coverage *coverage, const struct coverage_timeline *timeline,
			      coverage_window_fn report, void *arg, struct error *err)
{
	struct stretch stretch;
	enum status st = STATUS_OK;
	for (uint64_t number = timeline->first; !st && number < end_of(timeline); number = stretch.end) {
		if (!stretch_at(coverage, timeline, number, &stretch) || is_continued(coverage, &stretch))
			continue;
		struct coverage_window window = window_of(coverage, &stretch);
		st = report(arg, &window, err);
	}
	return st;
}

/* Of several empty timelines with the same branch point, only the last is reported. */
static bool is_repeated(const struct coverage *coverage, size_t index)
{
	const struct coverage_timeline *timeline = &coverage->timelines[index];
	for (size_t i = index + 1; i < coverage->timeline_count; i++) {
		const struct coverage_timeline *each = &coverage->timelines[i];
		if (is_empty_end(each) && each->predecessor == timeline->predecessor &&
		    coverage_begin_of(coverage, each) == coverage_begin_of(coverage, timeline))
			return true;
	}
	return false;
}

static enum status report_empty(const struct coverage *coverage, size_t index, coverage_window_fn report, void *arg,
				struct error *err)
{
	const struct coverage_timeline *timeline = &coverage->timelines[index];
	struct stretch stretch;
	if (!is_empty_end(timeline) || is_repeated(coverage, index))
		return STATUS_OK;
	uint64_t begin = coverage_begin_of(coverage, timeline);
	if (!stretch_at(coverage, coverage_find(coverage, timeline->predecessor), begin - 1, &stretch))
		return STATUS_OK;
	end_before(&stretch, begin, 0);
	struct coverage_window window = window_of(coverage, &stretch);
	window.timeline = timeline->id;
	window.at_gap = false;
	return report(arg, &window, err);
}

static enum status report_all(const struct coverage *coverage, coverage_window_fn report, void *arg, struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < coverage->timeline_count; i++)
		st = coverage->timelines[i].segments > 0
			 ? report_own(coverage, &coverage->timelines[i], report, arg, err)
			 : report_empty(coverage, i, report, arg, err);
	return st;
}

struct choice {
	const struct coverage *coverage;
	const struct coverage_timeline *best;
	struct coverage_window window;
};

static enum status choose(void *arg, const struct coverage_window *window, struct error *err)
{
	struct choice *choice = arg;
	const struct coverage_timeline *timeline = coverage_find(choice->coverage, window->timeline);
	(void)err;
	/* The cluster is not on an abandoned timeline, even if some of its WAL was stored later. */
	if (choice->best != NULL && (timeline->is_abandoned > choice->best->is_abandoned ||
				     (timeline->is_abandoned == choice->best->is_abandoned &&
				      coverage_tip_s(timeline) < coverage_tip_s(choice->best))))
		return STATUS_OK;
	choice->best = timeline;
	choice->window = *window;
	return STATUS_OK;
}

bool coverage_newest_window(const struct coverage *coverage, struct coverage_window *out)
{
	struct choice choice = {.coverage = coverage};
	struct error ignored;
	(void)report_all(coverage, choose, &choice, &ignored);
	*out = choice.window;
	out->newest = choice.best != NULL && !out->at_gap;
	return choice.best != NULL;
}

struct marking {
	coverage_window_fn report;
	void *arg;
	struct coverage_window newest;
};

static enum status mark(void *arg, const struct coverage_window *window, struct error *err)
{
	const struct marking *marking = arg;
	struct coverage_window marked = *window;
	marked.newest = marking->newest.newest && window->timeline == marking->newest.timeline && !window->at_gap;
	return marking->report(marking->arg, &marked, err);
}

enum status coverage_windows(const struct coverage *coverage, coverage_window_fn report, void *arg, struct error *err)
{
	struct marking marking = {.report = report, .arg = arg};
	(void)coverage_newest_window(coverage, &marking.newest);
	return report_all(coverage, mark, &marking, err);
}
