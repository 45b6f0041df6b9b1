/* What recovery can go through: whole stretches of each timeline, joined where one leaves another. */
#include "repo/chain_private.h"

/* Of one timeline's own segments. */
struct stretch {
	const struct chain_timeline *timeline;
	uint64_t first, end;     /* the end is behind the last */
	int64_t first_s, last_s; /* 0: not known */
};

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Beyond its last switch nothing of a timeline that was left is needed. */
static uint64_t end_of(const struct chain_timeline *timeline)
{
	return timeline->segments == 0 ? 0 : least(timeline->last + 1, timeline->needed_end);
}

size_t chain_gaps_up_to(const struct chain *chain, uint32_t id, uint64_t number)
{
	size_t low = 0, high = chain->gap_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct chain_gap *gap = &chain->gaps[middle];
		if (gap->timeline < id || (gap->timeline == id && gap->first <= number))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* False: this segment is in the gap, which then goes to out->end. */
static bool begin_behind(struct stretch *out, const struct chain_gap *gap, uint64_t number)
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
static bool stretch_at(const struct chain *chain, const struct chain_timeline *timeline, uint64_t number,
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
	size_t i = chain_gaps_up_to(chain, timeline->id, number);
	if (i < chain->gap_count && chain->gaps[i].timeline == timeline->id)
		end_before(out, chain->gaps[i].first, chain->gaps[i].before_s);
	return i == 0 || chain->gaps[i - 1].timeline != timeline->id || begin_behind(out, &chain->gaps[i - 1], number);
}

/* The stretch below, of the timeline that this one leaves, when it begins there. */
static bool go_down(const struct chain *chain, const struct stretch *from, struct stretch *out)
{
	const struct chain_timeline *timeline = from->timeline;
	uint64_t begin = chain_begin_of(chain, timeline);
	return timeline->joins != 0 && from->first <= begin &&
	       stretch_at(chain, chain_find(chain, timeline->joins), begin - 1, out);
}

/* A timeline that nothing was archived of yet: its end is where it leaves another. */
static bool is_empty_end(const struct chain_timeline *timeline)
{
	return timeline->segments == 0 && !timeline->is_left && timeline->joins != 0;
}

/* Whether another timeline leaves this one just where the stretch ends, and goes on. */
static bool goes_on(const struct chain *chain, const struct stretch *stretch)
{
	for (size_t i = 0; i < chain->timeline_count; i++) {
		const struct chain_timeline *each = &chain->timelines[i];
		uint64_t begin = chain_begin_of(chain, each);
		struct stretch above;
		if (each->joins != stretch->timeline->id || begin != stretch->end)
			continue;
		if (is_empty_end(each) ||
		    (each->segments > 0 && stretch_at(chain, each, begin, &above) && above.first <= begin))
			return true;
	}
	return false;
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
		end = least(end, chain_begin_of(chain, timeline));
		timeline = chain_find(chain, timeline->parent);
	}
}

static struct chain_window window_of(const struct chain *chain, const struct stretch *top)
{
	struct stretch each = *top;
	struct chain_window out = {.timeline = top->timeline->id,
				   .last_timeline = top->timeline->id,
				   .at_gap = top->timeline->is_left || top->end <= top->timeline->last,
				   .last = top->end - 1,
				   .last_s = top->last_s,
				   .end_lsn = top->end * chain->segment_bytes};
	do {
		out.first_timeline = each.timeline->id;
		out.first = each.first;
		out.first_s = each.first_s;
	} while (go_down(chain, &each, &each));
	out.begin_lsn = out.first * chain->segment_bytes;
	find_archived(chain, &out);
	return out;
}

static enum status tell_own(const struct chain *chain, const struct chain_timeline *timeline, chain_window_fn tell,
			    void *arg, struct error *err)
{
	struct stretch stretch;
	enum status st = STATUS_OK;
	for (uint64_t number = timeline->first; !st && number < end_of(timeline); number = stretch.end) {
		if (!stretch_at(chain, timeline, number, &stretch) || goes_on(chain, &stretch))
			continue;
		struct chain_window window = window_of(chain, &stretch);
		st = tell(arg, &window, err);
	}
	return st;
}

/* Of several that leave another at the same place, the last one. */
static bool has_twin(const struct chain *chain, size_t index)
{
	const struct chain_timeline *timeline = &chain->timelines[index];
	for (size_t i = index + 1; i < chain->timeline_count; i++) {
		const struct chain_timeline *each = &chain->timelines[i];
		if (is_empty_end(each) && each->joins == timeline->joins &&
		    chain_begin_of(chain, each) == chain_begin_of(chain, timeline))
			return true;
	}
	return false;
}

static enum status tell_empty(const struct chain *chain, size_t index, chain_window_fn tell, void *arg,
			      struct error *err)
{
	const struct chain_timeline *timeline = &chain->timelines[index];
	struct stretch stretch;
	if (!is_empty_end(timeline) || has_twin(chain, index))
		return STATUS_OK;
	uint64_t begin = chain_begin_of(chain, timeline);
	if (!stretch_at(chain, chain_find(chain, timeline->joins), begin - 1, &stretch))
		return STATUS_OK;
	end_before(&stretch, begin, 0);
	struct chain_window window = window_of(chain, &stretch);
	window.timeline = timeline->id;
	window.at_gap = false;
	return tell(arg, &window, err);
}

static enum status tell_all(const struct chain *chain, chain_window_fn tell, void *arg, struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < chain->timeline_count; i++)
		st = chain->timelines[i].segments > 0 ? tell_own(chain, &chain->timelines[i], tell, arg, err)
						      : tell_empty(chain, i, tell, arg, err);
	return st;
}

struct choice {
	const struct chain *chain;
	const struct chain_timeline *best;
	struct chain_window window;
};

static enum status choose(void *arg, const struct chain_window *window, struct error *err)
{
	struct choice *choice = arg;
	const struct chain_timeline *timeline = chain_find(choice->chain, window->timeline);
	(void)err;
	/* What was left is not where the cluster is, though some of it may have been stored later. */
	if (choice->best != NULL &&
	    (timeline->is_left > choice->best->is_left ||
	     (timeline->is_left == choice->best->is_left && chain_tip_s(timeline) < chain_tip_s(choice->best))))
		return STATUS_OK;
	choice->best = timeline;
	choice->window = *window;
	return STATUS_OK;
}

bool chain_newest_window(const struct chain *chain, struct chain_window *out)
{
	struct choice choice = {.chain = chain};
	struct error ignored;
	(void)tell_all(chain, choose, &choice, &ignored);
	*out = choice.window;
	out->newest = choice.best != NULL && !out->at_gap;
	return choice.best != NULL;
}

struct telling {
	chain_window_fn tell;
	void *arg;
	struct chain_window newest;
};

static enum status mark(void *arg, const struct chain_window *window, struct error *err)
{
	const struct telling *telling = arg;
	struct chain_window marked = *window;
	marked.newest = telling->newest.newest && window->timeline == telling->newest.timeline && !window->at_gap;
	return telling->tell(telling->arg, &marked, err);
}

enum status chain_windows(const struct chain *chain, chain_window_fn tell, void *arg, struct error *err)
{
	struct telling telling = {.tell = tell, .arg = arg};
	(void)chain_newest_window(chain, &telling.newest);
	return tell_all(chain, mark, &telling, err);
}
