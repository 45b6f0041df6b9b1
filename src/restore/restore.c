#include "restore/restore.h"

#include "restore/new_tablespaces.h"
#include "restore/restore_private.h"

/* A copy that archives into the original's repository would put a timeline of its own there. */
static void decide_archiving(struct restoration *restoration)
{
	const struct restore_params *params = restoration->params;
	const struct manifest *manifest = &restoration->choice.branch.backup->manifest;
	if (params->clone)
		restoration->archive_reason = "--clone";
	else if (!params->takeover && !place_is_servers_own(&restoration->place, manifest))
		restoration->archive_reason = "the directory is not the one that was backed up; --takeover leaves "
					      "archiving as it was";
	restoration->archive_off = restoration->archive_reason != NULL;
}

struct tree_restore_settings restore_tree_settings(struct restoration *restoration)
{
	const struct restore_params *params = restoration->params;
	return (struct tree_restore_settings){
	    .repo = &restoration->repo,
	    .call = &restoration->call,
	    .manifest = &restoration->choice.branch.backup->manifest,
	    .directory = restoration->place.path,
	    .tablespaces = params->tablespace_parent == NULL ? params->tablespaces : restoration->moved.items,
	    .tablespace_count = params->tablespace_parent == NULL ? params->tablespace_count : restoration->moved.count,
	    .delta = params->delta,
	    .postgres_manifest = params->postgres_manifest,
	    .threads = params->threads,
	    .memory_bytes = params->memory_bytes,
	    .terminal_fd = params->console->terminal_fd,
	};
}

/* For a copy that shares no place with the original. */
static enum status scan(struct restoration *restoration, struct error *err)
{
	const struct restore_params *params = restoration->params;
	const struct clock *clock = params->call->clock;
	int64_t begun_ms = clock_monotonic_ms(clock);
	enum status st = new_tablespaces_refuse(restoration, err);
	if (params->result != NULL) {
		restore_take_choice(restoration);
		params->result->scan_failed = st != STATUS_OK;
		params->result->scan_ms = clock_monotonic_ms(clock) - begun_ms;
	}
	return st;
}

/* Nothing is changed up to the end of this function. */
static enum status prepare(struct restoration *restoration, struct error *err)
{
	const struct restore_params *params = restoration->params;
	enum status st = place_examine(&restoration->place, params->directory, params->delta, err);
	if (!st)
		st = place_check_owner(&restoration->place, err);
	if (!st && params->delta && !params->force)
		st = place_check_unarchived(&restoration->place, err);
	if (!st)
		st = restore_choose_source(restoration, err);
	restoration->call = *params->call;
	if (st || restoration->stopped)
		return st;
	decide_archiving(restoration);
	if (params->tablespace_parent == NULL)
		st = new_tablespaces_check(restoration, err);
	else if (!params->dry_run)
		st = scan(restoration, err);
	if (st)
		return st;
	st = restore_print_plan(restoration, err);
	restore_take_choice(restoration);
	return st ? st : place_check_room(&restoration->planned, err);
}

static enum status write_all(struct restoration *restoration, struct tree_restore_figures *done, struct error *err)
{
	const struct restore_params *params = restoration->params;
	const struct tree_restore_settings settings = restore_tree_settings(restoration);
	/* A standby follows promotions to come; to a target, or on a timeline that is asked for, there is one way. */
	const struct target *target = params->target;
	bool follows = target->standby && target->kind == TARGET_END &&
		       (target->timeline_kind == TIMELINE_BY_MOMENT || target->timeline_kind == TIMELINE_LATEST);
	uint32_t timeline = restoration->choice.branch.line.timeline;
	const struct coverage_timeline *covered = coverage_timeline_of(&restoration->coverage, timeline);
	const struct recovery_settings recovery = {.directory = restoration->place.path,
						   .manifest = settings.manifest,
						   .target = params->target,
						   .timeline = follows ? 0 : timeline,
						   .no_history = covered == NULL || !covered->has_history,
						   .restore_command = params->restore_command,
						   .archive_off = restoration->archive_off,
						   .no_read_ahead =
						       target->kind != TARGET_END && restoration->archived > 0};
	enum status st = STATUS_OK;
	restoration->failover.manifest = settings.manifest;
	if (params->mirrors.count > restoration->failover.first)
		st = failover_attach(&restoration->failover, &restoration->repo, err);
	if (!st)
		st = tree_restore_write(&settings, done, err);
	if (!st)
		st = recovery_settings_write(&recovery, &restoration->notes, err);
	if (!st)
		st = tree_restore_finish(&settings, err);
	return st ? error_hint(err, st, "once the cause is gone, the same command with --delta completes the restore")
		  : STATUS_OK;
}

static enum status run(struct restoration *restoration, struct error *err)
{
	struct tree_restore_figures done = {0};
	const struct clock *clock = restoration->params->call->clock;
	struct restore_result *result = restoration->params->result;
	int64_t begun_ms = clock_monotonic_ms(clock);
	enum status st = prepare(restoration, err);
	int64_t prepared_ms = clock_monotonic_ms(clock);
	if (result != NULL) {
		result->system_id = restoration->system_id;
		result->choose_ms = prepared_ms - begun_ms - result->scan_ms;
		result->room_checked = !st;
	}
	if (st || restoration->stopped)
		return st;
	if (restoration->params->dry_run)
		return restore_print_end(restoration, &restoration->planned, err);
	st = write_all(restoration, &done, err);
	if (!st && result != NULL)
		result->write_ms = clock_monotonic_ms(clock) - prepared_ms;
	if (!st)
		st = restore_print_end(restoration, &done, err);
	tree_restore_figures_fini(&done);
	return st;
}

enum status restore_run(const struct restore_params *params, struct error *err)
{
	struct restoration restoration = {.params = params,
					  .failover = {.mirrors = &params->mirrors, .call = params->call}};
	failover_init(&restoration.failover);
	enum status st = run(&restoration, err);
	recovery_notes_fini(&restoration.notes);
	restore_forget_source(&restoration);
	failover_fini(&restoration.failover);
	return st;
}
