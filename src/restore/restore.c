#include "restore/restore.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "inventory/survey.h"
#include "repo/placement.h"
#include "restore/new_tablespaces.h"
#include "restore/restore_private.h"

/* The only cluster in the repository. */
struct search {
	uint64_t system_id;
	bool several;
};

static enum status take_cluster(void *arg, const struct object_info *info, struct error *err)
{
	struct search *search = arg;
	uint64_t system_id;
	(void)err;
	const char *end = wal_system_id_read(info->name, &system_id);
	if (!info->directory || end == NULL || strcmp(end, "/") != 0)
		return STATUS_OK;
	search->several |= search->system_id != 0;
	search->system_id = system_id;
	return STATUS_OK;
}

/* By the option, else by the directory, else the repository's only one. */
static enum status find_cluster(struct restoration *restoration, struct error *err)
{
	const struct restore_params *params = restoration->params;
	struct search search = {0};
	restoration->system_id = params->system_id != 0 ? params->system_id : restoration->place.system_id;
	if (restoration->place.system_id != 0 && restoration->system_id != restoration->place.system_id) {
		(void)error_set(err, STATUS_CONFLICT, "%s belongs to cluster %" PRIu64 ", not to %" PRIu64,
				restoration->place.path, restoration->place.system_id, restoration->system_id);
		return error_hint(err, STATUS_CONFLICT, "restore to an empty directory");
	}
	if (restoration->system_id != 0)
		return STATUS_OK;
	struct call step = call_step(params->call);
	enum status st = store_list_level(restoration->repo.store, &step, "", take_cluster, &search, err);
	if (st)
		return st;
	if (search.system_id == 0)
		return error_hint(err, error_set(err, STATUS_INCOMPLETE, "the repository has no cluster"),
				  "check repo: walship config shows it");
	if (search.several)
		return error_hint(err,
				  error_set(err, STATUS_USAGE, "the repository has the backups of several clusters"),
				  "give --system-id; walship info shows the clusters");
	restoration->system_id = search.system_id;
	return STATUS_OK;
}

/* Both outlive the survey. */
static enum status keep(void *arg, struct coverage *coverage, struct backup_list *backups, struct error *err)
{
	struct restoration *restoration = arg;
	(void)err;
	restoration->coverage = *coverage;
	*coverage = (struct coverage){0};
	restoration->backups = *backups;
	for (size_t i = 0; restoration->params->result != NULL && i < backups->count; i++)
		restoration->params->result->backups_open |=
		    backups->items[i].complete && backups->items[i].status == STATUS_OK;
	*backups = (struct backup_list){0};
	return STATUS_OK;
}

static enum status read_repository(struct restoration *restoration, struct error *err)
{
	const struct restore_params *params = restoration->params;
	struct progress progress;
	struct survey survey = {.settings = params->settings,
				.call = params->call,
				.progress = &progress,
				.system_id = restoration->system_id,
				.all_timelines = params->all_timelines,
				.looks_for_copies = params->thaw.asks,
				.seen = restore_thaw_seen,
				.seen_backup = restore_thaw_seen_backup,
				.each = keep,
				.arg = restoration};
	coverage_fini(&restoration->coverage);
	backup_list_fini(&restoration->backups);
	thaw_names_fini(&restoration->archived_names);
	restoration->archived = 0;
	progress_begin(&progress, params->console->terminal_fd, params->call->clock);
	enum status st = survey_run(&survey, err);
	if (!st && restoration->coverage.system_id == 0)
		st = survey_nothing(&survey, err);
	return st;
}

/* The survey shows which histories and manifests are in an archive storage class; once they are back, it is repeated.
 */
static enum status read_all(struct restoration *restoration, struct error *err)
{
	bool again;
	enum status st;
	do {
		again = false;
		st = read_repository(restoration, err);
		if (!st)
			st = restore_thaw_catalog(restoration, &again, err);
	} while (!st && again);
	return st;
}

static enum status choose_all(struct restoration *restoration, struct error *err)
{
	const struct restore_params *params = restoration->params;
	struct backup_label label;
	struct progress progress;
	struct choose_params choose_params = {.repo = &restoration->repo,
					      .call = params->call,
					      .coverage = &restoration->coverage,
					      .backups = &restoration->backups,
					      .target = params->target,
					      .label = params->backup == NULL ? NULL : &label,
					      .force = params->force,
					      .progress = &progress};
	if (params->backup != NULL && !backup_label_parse(&label, params->backup))
		return error_hint(
		    err, error_set(err, STATUS_USAGE, "'%.64s' is not the label of a base backup", params->backup),
		    "walship backup list shows the labels, such as 20261129T064210Z-full");
	progress_begin(&progress, params->console->terminal_fd, params->call->clock);
	enum status st = restore_thaw_and_choose(restoration, &choose_params, err);
	progress_clear(&progress);
	return st;
}

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

static struct tree_restore_settings tree_settings(struct restoration *restoration)
{
	const struct restore_params *params = restoration->params;
	return (struct tree_restore_settings){
	    .repo = &restoration->repo,
	    .call = params->call,
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
	/* With delta, both would be removed. */
	if (!st)
		st = placement_check_repository(params->settings, restoration->place.path, err);
	if (!st && params->delta && !params->force)
		st = place_check_unarchived(&restoration->place, err);
	if (!st)
		st = repository_open(&restoration->repo, params->settings, params->call, err);
	if (!st)
		st = find_cluster(restoration, err);
	if (!st)
		st = read_all(restoration, err);
	if (!st && !restoration->stopped)
		st = choose_all(restoration, err);
	if (st || restoration->stopped)
		return st;
	decide_archiving(restoration);
	if (params->tablespace_parent == NULL)
		st = new_tablespaces_check(restoration, err);
	else if (!params->dry_run)
		st = scan(restoration, err);
	if (!st && params->tablespace_parent != NULL)
		st = moved_tablespaces_make(&restoration->moved, &restoration->choice.branch.backup->manifest,
					    params->tablespace_parent, err);
	if (st)
		return st;
	const struct tree_restore_settings settings = tree_settings(restoration);
	st = tree_restore_plan(&settings, &restoration->planned, err);
	if (!st)
		st = restore_print_plan(restoration, err);
	restore_take_choice(restoration);
	return st ? st : place_check_room(&restoration->planned, err);
}

static enum status write_all(struct restoration *restoration, struct tree_restore_figures *done, struct error *err)
{
	const struct restore_params *params = restoration->params;
	const struct tree_restore_settings settings = tree_settings(restoration);
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
	enum status st = tree_restore_write(&settings, done, err);
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
	struct restoration restoration = {.params = params};
	enum status st = run(&restoration, err);
	moved_tablespaces_fini(&restoration.moved);
	recovery_notes_fini(&restoration.notes);
	tree_restore_figures_fini(&restoration.planned);
	choice_fini(&restoration.choice);
	thaw_names_fini(&restoration.archived_names);
	backup_list_fini(&restoration.backups);
	coverage_fini(&restoration.coverage);
	repository_fini(&restoration.repo);
	return st;
}
