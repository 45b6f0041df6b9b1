#include "inventory/timeline.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "console/print.h"
#include "pg/data/checkpoint.h"
#include "pg/wal/history.h"
#include "pg/wal/name.h"
#include "repo/object.h"
#include "repo/set_aside.h"
#include "text/number.h"

struct change {
	const struct timeline_params *params;
	struct repository repo;
	struct data_directory directory;
	uint64_t system_id;
	uint32_t timeline;
	uint32_t parent; /* of timeline, and where it begins */
	uint64_t switch_lsn;
};

static enum status identify(struct change *change, struct error *err)
{
	uint64_t timeline;
	if (!number_parse(change->params->timeline, UINT32_MAX, &timeline) || timeline < 2) {
		(void)error_set(err, STATUS_USAGE, "'%.64s' is not a timeline with a parent", change->params->timeline);
		return error_hint(err, STATUS_USAGE,
				  "give the timeline's number, from 2 on, in decimal digits, as walship info shows it");
	}
	change->timeline = (uint32_t)timeline;
	enum status st = cluster_id_find(&change->params->cluster, NULL, &change->directory, &change->system_id, err);
	if (st || change->system_id != 0)
		return st;
	(void)error_set(err, STATUS_USAGE, "the cluster's system identifier is not known");
	return error_hint(err, STATUS_USAGE, "run walship in the data directory, or give --pg-data or --system-id");
}

static enum status keep_last(void *arg, uint32_t timeline, uint64_t switch_lsn, struct error *err)
{
	struct change *change = arg;
	(void)err;
	change->parent = timeline;
	change->switch_lsn = switch_lsn;
	return STATUS_OK;
}

static enum status read_history(struct change *change, uint32_t timeline, struct buffer *text, struct error *err)
{
	char object[WAL_OBJECT_NAME_MAX];
	wal_history_object_name(object, change->system_id, timeline);
	return object_read(&change->repo, change->params->call, object, text, NULL, err);
}

static enum status read_origin(struct change *change, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {.max = WAL_HISTORY_MAX};
	enum status st = read_history(change, change->timeline, &text, err);
	if (st == STATUS_MISSING) {
		(void)error_set(err, STATUS_USAGE, "the archive has no history of timeline %" PRIu32, change->timeline);
		return error_hint(err, STATUS_USAGE, "walship info shows the timelines");
	}
	return st ? st : wal_history_read(change->timeline, buffer_text(&text), text.len, keep_last, change, err);
}

/* STATUS_EXISTS when the line is that of the timeline to change. */
static enum status find_timeline(void *arg, uint32_t timeline, uint64_t switch_lsn, struct error *err)
{
	const struct change *change = arg;
	(void)switch_lsn;
	return timeline == change->timeline ? error_set(err, STATUS_EXISTS, "found") : STATUS_OK;
}

/* The server's own timeline is in use, and so are its ancestors. */
static enum status check_own(struct change *change, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {.max = WAL_HISTORY_MAX};
	struct checkpoint checkpoint;
	struct error ignored;
	if (!change->directory.known || checkpoint_read(&checkpoint, change->directory.path, &ignored))
		return STATUS_OK;
	bool uses = checkpoint.timeline == change->timeline;
	if (!uses && checkpoint.timeline > change->timeline &&
	    read_history(change, checkpoint.timeline, &text, &ignored) == STATUS_OK)
		uses = wal_history_read(checkpoint.timeline, buffer_text(&text), text.len, find_timeline, change,
					&ignored) == STATUS_EXISTS;
	if (!uses)
		return STATUS_OK;
	(void)error_set(err, STATUS_CONFLICT,
			"the server in %s is on timeline %" PRIu32 ", which needs timeline %" PRIu32,
			change->directory.path, checkpoint.timeline, change->timeline);
	return error_hint(
	    err, STATUS_CONFLICT,
	    "run this command on the server that continues the cluster; a trial copy needs archive_mode = off");
}

static enum status print(const struct change *change, bool changed, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	const char *state = change->params->aside ? "set aside" : "not set aside";
	enum status st = buffer_printf(
	    &text, err, "timeline %" PRIu32 ", which left timeline %" PRIu32 " at %" PRIX32 "/%" PRIX32 ", is %s%s\n",
	    change->timeline, change->parent, (uint32_t)(change->switch_lsn >> 32), (uint32_t)change->switch_lsn,
	    changed ? "now " : "already ", state);
	if (!st && changed && change->params->aside)
		st = buffer_printf(&text, err,
				   "to undo it: walship timeline restore %" PRIu32 "\nremove %08" PRIX32
				   ".history from pg_wal of each standby\n",
				   change->timeline, change->timeline);
	return st ? st : print_text(change->params->console, &text, err);
}

static enum status apply(struct change *change, struct error *err)
{
	const struct timeline_params *params = change->params;
	struct set_aside set_aside = {0};
	enum status st = set_aside_load(&set_aside, &change->repo, params->call, change->system_id, err);
	bool changes = set_aside_has(&set_aside, change->timeline) != params->aside;
	if (!st && changes)
		st =
		    set_aside_change(&set_aside, &change->repo, params->call, change->system_id, change->timeline, err);
	if (st == STATUS_EXISTS)
		(void)error_hint(err, st, "another call changed this timeline at the same time: see walship verify");
	set_aside_fini(&set_aside);
	return st ? st : print(change, changes, err);
}

enum status timeline_change(const struct timeline_params *params, struct error *err)
{
	struct change change = {.params = params};
	enum status st = identify(&change, err);
	if (!st)
		st = repository_open(&change.repo, params->settings, params->call, err);
	if (!st)
		st = read_origin(&change, err);
	if (!st && params->aside)
		st = check_own(&change, err);
	if (!st)
		st = apply(&change, err);
	repository_fini(&change.repo);
	return st;
}
