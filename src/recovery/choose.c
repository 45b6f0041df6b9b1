#include "recovery/choose.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "recovery/choose_private.h"

/* Of branches that are equal up to the target, the server's own is the one with the newest WAL. */
static bool is_better(const struct choose_params *params, const struct branch *one, const struct branch *other)
{
	struct coverage_window window;
	if (params->target->kind == TARGET_IMMEDIATE) {
		int order = strcmp(one->backup->label.text, other->backup->label.text);
		if (order != 0)
			return order > 0;
	}
	if (coverage_newest_window(params->coverage, &window) &&
	    (one->line.timeline == window.timeline || other->line.timeline == window.timeline))
		return one->line.timeline == window.timeline;
	return one->line.timeline > other->line.timeline;
}

/* Whether recovery stops at the same record on both. */
static bool is_same_place(const struct branch *one, const struct branch *other)
{
	return !one->has_moment ||
	       (one->moment.lsn == other->moment.lsn && one->moment.lsn < line_shared(&one->line, &other->line));
}

static enum status refuse_both(const struct branch *one, const struct branch *other, const struct target *target,
			       struct error *err)
{
	char text[TARGET_TEXT_MAX];
	target_text(target, text);
	(void)error_set(err, STATUS_USAGE, "timeline %" PRIu32 " and timeline %" PRIu32 " both have %s",
			one->line.timeline, other->line.timeline, text);
	return error_hint(err, STATUS_USAGE, "choose one: --target-timeline %" PRIu32 " or --target-timeline %" PRIu32,
			  one->line.timeline, other->line.timeline);
}

/*
 * Chooses among the branches that reach the target. A branch whose timeline began only after the target's time counts
 * only if no other does: recovery would stop where that timeline begins.
 */
static enum status pick(const struct branches *branches, const struct choose_params *params, struct branch **out,
			bool *several, struct error *err)
{
	bool any_strong = false;
	*out = NULL;
	*several = false;
	for (size_t i = 0; i < branches->count; i++)
		any_strong |= branch_reaches(&branches->items[i]) && !branches->items[i].weak;
	for (size_t i = 0; i < branches->count; i++) {
		struct branch *each = &branches->items[i];
		if (!branch_reaches(each) || (any_strong && each->weak))
			continue;
		*several = *out != NULL && !is_same_place(*out, each);
		if (*several)
			return refuse_both(*out, each, params->target, err);
		if (*out == NULL || is_better(params, each, *out))
			*out = each;
	}
	return STATUS_OK;
}

/* None reaches the target: the branch that comes furthest. */
static struct branch *furthest(const struct branches *branches, const struct choose_params *params)
{
	struct branch *best = NULL;
	for (size_t i = 0; branches->items != NULL && i < branches->count; i++) {
		struct branch *each = &branches->items[i];
		if (each->backup == NULL)
			continue;
		if (best == NULL || each->moment.last_us > best->moment.last_us ||
		    (each->moment.last_us == best->moment.last_us && is_better(params, each, best)))
			best = each;
	}
	return best;
}

static void say_backup(struct choice *out, const struct choose_params *params)
{
	if (params->label == NULL && out->branch.lacks != NULL) {
		(void)snprintf(out->backup_reason, sizeof out->backup_reason,
			       "the newer backup %s lacks WAL in the archive", out->branch.lacks->label.text);
		return;
	}
	bool any = params->target->kind == TARGET_END || params->target->kind == TARGET_IMMEDIATE;
	(void)snprintf(out->backup_reason, sizeof out->backup_reason, "%s",
		       params->label != NULL ? "it was asked for"
		       : any                 ? "it is the newest"
					     : "it is the newest that ended before the target");
}

/* " 1, 3 and 4" of the other branches. */
static void list_others(const struct choose_params *params, uint32_t own, char *out, size_t size)
{
	size_t used = 0;
	out[0] = '\0';
	for (size_t i = 0; i < params->coverage->timeline_count; i++) {
		const struct coverage_timeline *each = &params->coverage->timelines[i];
		if (each->id != own && branches_has(params->coverage, each) && used < size)
			used += (size_t)snprintf(out + used, size - used, "%s%" PRIu32, used > 0 ? ", " : "", each->id);
	}
}

static void say_timeline(struct choice *out, const struct choose_params *params, const struct branches *branches)
{
	char others[96];
	size_t reaching = 0;
	list_others(params, out->branch.line.timeline, others, sizeof others);
	if (others[0] == '\0')
		return;
	for (size_t i = 0; i < branches->count; i++)
		reaching += branch_reaches(&branches->items[i]);
	const char *why = params->target->timeline_kind != TIMELINE_BY_MOMENT ? "it was asked for"
			  : params->target->kind == TARGET_END                ? "it is the latest, with the newest WAL"
			  : params->target->kind == TARGET_IMMEDIATE          ? "it has the newest backup"
			  : reaching > 0 && !out->branch.weak
			      ? "up to the target the timelines are the same, or only this one existed at that time"
			      : "no other timeline has the target";
	(void)snprintf(out->timeline_reason, sizeof out->timeline_reason, "%s; other branches: %s", why, others);
}

static void count_replay(struct choice *out, const struct choose_params *params)
{
	const struct branch *branch = &out->branch;
	uint64_t segment_bytes = params->coverage->segment_bytes, end = branch->reach;
	if (params->target->kind == TARGET_IMMEDIATE)
		end = (branch->backup->manifest.stop_lsn - 1) / segment_bytes + 1;
	else if (branch->has_moment && branch->moment.reached)
		end = branch->moment.lsn / segment_bytes + 1;
	out->replay_segments = end > branch->first ? end - branch->first : 0;
}

/* Whether WAL is missing on the way. */
static bool is_short(const struct branch *branch, const struct choose_params *params)
{
	return branch->lacks == branch->backup || (params->target->kind == TARGET_END && branch->gap) ||
	       (branch->has_moment && !branch->moment.reached);
}

static enum status decide(struct choice *out, const struct choose_params *params, const struct branches *branches,
			  struct error *err)
{
	struct branch *best;
	enum status st = pick(branches, params, &best, &out->several, err);
	if (st)
		return st;
	if (best == NULL)
		best = furthest(branches, params);
	if (best == NULL)
		return refuse_all(branches, params, err);
	/* A standby waits for WAL that is not there yet. */
	bool waits = params->target->standby && best->lacks != best->backup && !best->gap;
	if (is_short(best, params) && !waits) {
		st = refuse_branch(best, params, err);
		if (!params->force)
			return st;
		(void)snprintf(out->warning, sizeof out->warning, "%.*s", CHOICE_TEXT_MAX - 1, err->text);
	}
	for (size_t i = 0; i < branches->count; i++) {
		out->read_segments += branches->items[i].moment.segments;
		out->read_bytes += branches->items[i].moment.bytes;
	}
	out->branch = *best;
	*best = (struct branch){0}; /* its line is the choice's now */
	say_backup(out, params);
	count_replay(out, params);
	return STATUS_OK;
}

/* Behind search_end may lie the target of another branch than the one that would be picked. NULL: of none. */
static const struct branch *find_cut_off(const struct branches *branches, const struct choose_params *params)
{
	for (size_t i = 0; params->search_end > 0 && i < branches->count; i++) {
		const struct branch *each = &branches->items[i];
		if (each->backup != NULL && each->has_moment && !each->moment.reached &&
		    params->search_end < each->reach)
			return each;
	}
	return NULL;
}

enum status choose(struct choice *out, const struct choose_params *params, struct error *err)
{
	CLEANUP(branches_fini) struct branches branches = {0};
	*out = (struct choice){0};
	enum status st = branches_find(&branches, params, err);
	const struct branch *cut_off = st ? NULL : find_cut_off(&branches, params);
	if (cut_off != NULL)
		st = refuse_branch(cut_off, params, err);
	if (!st)
		st = decide(out, params, &branches, err);
	if (!st)
		say_timeline(out, params, &branches);
	return st;
}

void choice_fini(struct choice *choice)
{
	branch_fini(&choice->branch);
	*choice = (struct choice){0};
}
