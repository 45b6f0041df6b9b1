#include "restore/restore.h"

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
	    .tablespaces = params->tablespaces,
	    .tablespace_count = params->tablespace_count,
	    .delta = params->delta,
	    .postgres_manifest = params->postgres_manifest,
	    .threads = params->threads,
	    .memory_bytes = params->memory_bytes,
	    .terminal_fd = params->console->terminal_fd,
	};
}

/* Nothing is changed up to the end of this function. */
static enum status prepare(struct restoration *restoration, struct error *err)
{
	const struct restore_params *params = restoration->params;
	enum status st = place_examine(&restoration->place, params->directory, params->delta, err);
	if (!st && params->delta && !params->force)
		st = place_check_unarchived(&restoration->place, err);
	if (!st)
		st = restore_choose_source(restoration, err);
	restoration->call = *params->call;
	if (st)
		return st;
	decide_archiving(restoration);
	st = restore_print_plan(restoration, err);
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
						   .archive_off = restoration->archive_off};
	enum status st = STATUS_OK;
	restoration->failover.manifest = settings.manifest;
	if (params->mirrors.count > restoration->failover.first)
		st = failover_attach(&restoration->failover, &restoration->repo, err);
	if (!st)
		st = tree_restore_write(&settings, done, err);
	if (!st)
		st = recovery_settings_write(&recovery, &restoration->notes, err);
	return st ? st : tree_restore_finish(&settings, err);
}

static enum status run(struct restoration *restoration, struct error *err)
{
	struct tree_restore_figures done = {0};
	enum status st = prepare(restoration, err);
	if (!st && restoration->params->dry_run)
		return restore_print_end(restoration, &restoration->planned, err);
	if (!st)
		st = write_all(restoration, &done, err);
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
