/* The lines of timelines that a restore may follow. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "recovery/choose_private.h"

void branches_fini(struct branches *branches)
{
	for (size_t i = 0; i < branches->count; i++)
		branch_fini(&branches->items[i]);
	free(branches->items);
	*branches = (struct branches){0};
}

static enum status add(struct branches *out, const struct choose_params *params, uint32_t timeline, struct error *err)
{
	void *items = array_grow(out->items, out->count, &out->capacity, sizeof *out->items);
	if (items == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory for a timeline");
	out->items = items;
	struct branch *branch = &out->items[out->count++];
	*branch = (struct branch){0};
	enum status st = line_of(&branch->line, params->coverage, timeline, err);
	if (!st)
		st = branch_examine(branch, params, err);
	if (st != STATUS_DAMAGED)
		return st;
	if (!params->force)
		return error_hint(err, st,
				  "recovery would stop there: give a target before it; --force restores anyway");
	log_line(params->call->log, LEVEL_WARNING, "--force: %s", err->text);
	branch->has_moment = false;
	return STATUS_OK;
}

/* Whether WAL of the timeline behind the place where the child left it is stored. */
static bool goes_on_behind(const struct coverage_timeline *timeline, const struct coverage_timeline *child,
			   uint32_t segment_bytes)
{
	return timeline->segments > 0 && timeline->last >= child->switch_lsn / segment_bytes;
}

bool branches_has(const struct coverage *coverage, const struct coverage_timeline *timeline)
{
	if (timeline->set_aside || (timeline->segments == 0 && !timeline->has_history))
		return false;
	for (size_t i = 0; i < coverage->timeline_count; i++) {
		const struct coverage_timeline *child = &coverage->timelines[i];
		if (child->parent == timeline->id && !child->set_aside &&
		    !goes_on_behind(timeline, child, coverage->segment_bytes))
			return false;
	}
	return true;
}

static enum status add_all(struct branches *out, const struct choose_params *params, struct error *err)
{
	const struct coverage *coverage = params->coverage;
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < coverage->timeline_count; i++)
		if (branches_has(coverage, &coverage->timelines[i]))
			st = add(out, params, coverage->timelines[i].id, err);
	return st;
}

static enum status add_number(struct branches *out, const struct choose_params *params, struct error *err)
{
	uint32_t number = params->target->timeline;
	const struct coverage_timeline *timeline = coverage_timeline_of(params->coverage, number);
	if (timeline == NULL || (number > 1 && !timeline->has_history))
		return error_hint(
		    err, error_set(err, STATUS_USAGE, "the archive has no history of timeline %" PRIu32, number),
		    "walship info shows the timelines");
	if (timeline->set_aside)
		return error_hint(err,
				  error_set(err, STATUS_USAGE,
					    "timeline %" PRIu32 " is set aside: fetch would hide it from the server",
					    number),
				  "give --fetch-timelines all, or run walship timeline restore");
	return add(out, params, number, err);
}

/* The timeline on which the newest backup before the target was made. */
static enum status add_current(struct branches *out, const struct choose_params *params, struct error *err)
{
	for (size_t i = params->backups->count; i-- > 0;) {
		const struct listed_backup *backup = &params->backups->items[i];
		if (backup_list_is_usable(params->backups, backup) && backup_ended_before(backup, params->target) &&
		    (params->label == NULL || strcmp(params->label->text, backup->label.text) == 0))
			return add(out, params, (uint32_t)backup->manifest.stop_timeline, err);
	}
	return add_all(out, params, err);
}

static enum status add_latest(struct branches *out, const struct choose_params *params, struct error *err)
{
	struct coverage_stray stray;
	bool strays;
	uint32_t latest = coverage_latest(params->coverage, &strays, &stray);
	return latest == 0 ? add_all(out, params, err) : add(out, params, latest, err);
}

static void name_segment(char out[WAL_NAME_MAX], const struct coverage *coverage, uint32_t timeline, uint64_t number)
{
	struct wal_name name;
	wal_name_of_number(&name, timeline, number, coverage->segment_bytes);
	memcpy(out, name.text, WAL_NAME_MAX);
}

/* Without a target, recovery goes as far as it can: to the latest timeline, if that has the newest WAL too. */
static enum status add_end(struct branches *out, const struct choose_params *params, struct error *err)
{
	struct coverage_stray stray;
	bool strays;
	char last[WAL_NAME_MAX];
	uint32_t latest = coverage_latest(params->coverage, &strays, &stray);
	if (!strays)
		return latest == 0 ? add_all(out, params, err) : add(out, params, latest, err);
	name_segment(last, params->coverage, stray.newest, stray.last);
	(void)error_set(err, STATUS_USAGE,
			"timeline %" PRIu32 " is the latest, but it left timeline %" PRIu32
			" and does not have the newest WAL, of timeline %" PRIu32 " up to %s",
			stray.latest, stray.parent, stray.newest, last);
	return error_hint(err, STATUS_USAGE, "choose one: --target-timeline %" PRIu32 " or --target-timeline %" PRIu32,
			  stray.newest, stray.latest);
}

enum status branches_find(struct branches *out, const struct choose_params *params, struct error *err)
{
	*out = (struct branches){0};
	switch (params->target->timeline_kind) {
	case TIMELINE_NUMBER:
		return add_number(out, params, err);
	case TIMELINE_CURRENT:
		return add_current(out, params, err);
	case TIMELINE_LATEST:
		return add_latest(out, params, err);
	case TIMELINE_BY_MOMENT:
		break;
	}
	return params->target->kind == TARGET_END ? add_end(out, params, err) : add_all(out, params, err);
}
