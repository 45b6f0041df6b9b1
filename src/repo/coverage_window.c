/* What recovery can go through: whole stretches of each timeline, joined where one leaves another. */
#include "repo/coverage_private.h"

/* Of one timeline's own segments. */
struct stretch {
	const struct coverage_timeline *timeline;
	uint64_t first, end;     /* the end is behind the last */
	int64_t first_s, last_s; /* 0: not known */
};

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Beyond its last switch nothing of a timeline that was left is needed. */
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

/* False: this segment is in the gap, which then goes to out->end. */
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

/* The stretch that this segment is in. False when it is in none, or that is not known: none goes on before out->end. */
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
	/* Between the first and the last that were only counted there may be more of them. */
	if (timeline->has_untold && number >= timeline->told_end)
		return begin_behind(out, &timeline->last_gap, number);
	if (timeline->has_untold)
		end_before(out, timeline->told_end, 0);
	size_t i = coverage_gaps_up_to(coverage, timeline->id, number);
	if (i < coverage->gap_count && coverage->gaps[i].timeline == timeline->id)
		end_before(out, coverage->gaps[i].first, coverage->gaps[i].before_s);
	return i == 0 || coverage->gaps[i - 1].timeline != timeline->id ||
	       begin_behind(out, &coverage->gaps[i - 1], number);
}

/* The stretch below, of the timeline that this one leaves, when it begins there. */
static bool go_down(const struct coverage *coverage, const struct stretch *from, struct stretch *out)
{
	const struct coverage_timeline *timeline = from->timeline;
	uint64_t begin = coverage_begin_of(coverage, timeline);
	return timeline->joins != 0 && from->first <= begin &&
	       stretch_at(coverage, coverage_find(coverage, timeline->joins), begin - 1, out);
}

/* A timeline that nothing was archived of yet: its end is where it leaves another. */
static bool is_empty_end(const struct coverage_timeline *timeline)
{
	return timeline->segments == 0 && !timeline->is_left && timeline->joins != 0;
}

/* Whether another timeline leaves this one just where the stretch ends, and goes on. */
static bool goes_on(const struct coverage *coverage, const struct stretch *stretch)
{
	for (size_t i = 0; i < coverage->timeline_count; i++) {
		const struct coverage_timeline *each = &coverage->timelines[i];
		uint64_t begin = coverage_begin_of(coverage, each);
		struct stretch above;
		if (each->joins != stretch->timeline->id || begin != stretch->end)
			continue;
		if (is_empty_end(each) ||
		    (each->segments > 0 && stretch_at(coverage, each, begin, &above) && above.first <= begin))
			return true;
	}
	return false;
}

/* Rules go by age: what is archived is what is oldest, and one number says enough. */
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
				      .at_gap = top->timeline->is_left || top->end <= top->timeline->last,
				      .last = top->end - 1,
				      .last_s = top->last_s,
				      .end_lsn = top->end * coverage->segment_bytes};
	do {
		out.first_timeline = each.timeline->id;
		out.first = each.first;
		out.first_s = each.first_s;
	} while (go_down(coverage, &each, &each));
	out.begin_lsn = out.first * coverage->segment_bytes;
	find_archived(coverage, &out);
	return out;
}

static enum status tell_own(const struct coverage *coverage, const struct coverage_timeline *timeline,
			    coverage_window_fn tell, void *arg, struct error *err)
{
	struct stretch stretch;
	enum status st = STATUS_OK;
	for (uint64_t number = timeline->first; !st && number < end_of(timeline); number = stretch.end) {
		if (!stretch_at(coverage, timeline, number, &stretch) || goes_on(coverage, &stretch))
			continue;
		struct coverage_window window = window_of(coverage, &stretch);
		st = tell(arg, &window, err);
	}
	return st;
}

/* Of several that leave another at the same place, the last one. */
static bool has_twin(const struct coverage *coverage, size_t index)
{
	const struct coverage_timeline *timeline = &coverage->timelines[index];
	for (size_t i = index + 1; i < coverage->timeline_count; i++) {
		const struct coverage_timeline *each = &coverage->timelines[i];
		if (is_empty_end(each) && each->joins == timeline->joins &&
		    coverage_begin_of(coverage, each) == coverage_begin_of(coverage, timeline))
			return true;
	}
	return false;
}

static enum status tell_empty(const struct coverage *coverage, size_t index, coverage_window_fn tell, void *arg,
			      struct error *err)
{
	const struct coverage_timeline *timeline = &coverage->timelines[index];
	struct stretch stretch;
	if (!is_empty_end(timeline) || has_twin(coverage, index))
		return STATUS_OK;
	uint64_t begin = coverage_begin_of(coverage, timeline);
	if (!stretch_at(coverage, coverage_find(coverage, timeline->joins), begin - 1, &stretch))
		return STATUS_OK;
	end_before(&stretch, begin, 0);
	struct coverage_window window = window_of(coverage, &stretch);
	window.timeline = timeline->id;
	window.at_gap = false;
	return tell(arg, &window, err);
}

static enum status tell_all(const struct coverage *coverage, coverage_window_fn tell, void *arg, struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < coverage->timeline_count; i++)
		st = coverage->timelines[i].segments > 0 ? tell_own(coverage, &coverage->timelines[i], tell, arg, err)
							 : tell_empty(coverage, i, tell, arg, err);
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
	/* What was left is not where the cluster is, though some of it may have been stored later. */
	if (choice->best != NULL &&
	    (timeline->is_left > choice->best->is_left ||
	     (timeline->is_left == choice->best->is_left && coverage_tip_s(timeline) < coverage_tip_s(choice->best))))
		return STATUS_OK;
	choice->best = timeline;
	choice->window = *window;
	return STATUS_OK;
}

bool coverage_newest_window(const struct coverage *coverage, struct coverage_window *out)
{
	struct choice choice = {.coverage = coverage};
	struct error ignored;
	(void)tell_all(coverage, choose, &choice, &ignored);
	*out = choice.window;
	out->newest = choice.best != NULL && !out->at_gap;
	return choice.best != NULL;
}

struct telling {
	coverage_window_fn tell;
	void *arg;
	struct coverage_window newest;
};

static enum status mark(void *arg, const struct coverage_window *window, struct error *err)
{
	const struct telling *telling = arg;
	struct coverage_window marked = *window;
	marked.newest = telling->newest.newest && window->timeline == telling->newest.timeline && !window->at_gap;
	return telling->tell(telling->arg, &marked, err);
}

enum status coverage_windows(const struct coverage *coverage, coverage_window_fn tell, void *arg, struct error *err)
{
	struct telling telling = {.tell = tell, .arg = arg};
	(void)coverage_newest_window(coverage, &telling.newest);
	return tell_all(coverage, mark, &telling, err);
}
