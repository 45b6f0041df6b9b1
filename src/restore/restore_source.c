/* The repository that a restore reads: the first, or a mirror of it when that one has no way to the target. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "inventory/survey.h"
#include "repo/cluster_ids.h"
#include "repo/placement.h"
#include "restore/restore_private.h"

/* By the option, else by the directory, else the repository's only one. */
static enum status find_cluster(struct restoration *restoration, struct error *err)
{
	const struct restore_params *params = restoration->params;
	CLEANUP(cluster_ids_fini) struct cluster_ids clusters = {0};
	restoration->system_id = params->system_id != 0 ? params->system_id : restoration->place.system_id;
	if (restoration->place.system_id != 0 && restoration->system_id != restoration->place.system_id) {
		(void)error_set(err, STATUS_CONFLICT, "%s belongs to cluster %" PRIu64 ", not to %" PRIu64,
				restoration->place.path, restoration->place.system_id, restoration->system_id);
		return error_hint(err, STATUS_CONFLICT, "restore to an empty directory");
	}
	if (restoration->system_id != 0)
		return STATUS_OK;
	struct call step = call_step(&restoration->call);
	enum status st = cluster_ids_list(&clusters, &restoration->repo, &step, err);
	if (st)
		return st;
	if (clusters.count == 0)
		return error_hint(err, error_set(err, STATUS_INCOMPLETE, "the repository has no cluster"),
				  "check repo: walship config shows it");
	if (clusters.count > 1)
		return error_hint(err,
				  error_set(err, STATUS_USAGE, "the repository has the backups of several clusters"),
				  "give --system-id; walship info shows the clusters");
	restoration->system_id = clusters.ids[0];
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
	struct survey survey = {.settings = restoration->settings,
				.call = &restoration->call,
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
	progress_begin(&progress, params->console->terminal_fd, restoration->call.clock);
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

static enum status choose_all(struct restoration *restoration, bool *elsewhere, struct error *err)
{
	const struct restore_params *params = restoration->params;
	struct backup_label label;
	struct progress progress;
	struct choose_params choose_params = {.repo = &restoration->repo,
					      .call = &restoration->call,
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
	progress_begin(&progress, params->console->terminal_fd, restoration->call.clock);
	enum status st = restore_thaw_and_choose(restoration, &choose_params, err);
	progress_clear(&progress);
	/* Another repository may have an older backup, or one with this label; a choice is the operator's everywhere.
	 */
	*elsewhere = st == STATUS_USAGE && !restoration->choice.several;
	return st;
}

void restore_forget_source(struct restoration *restoration)
{
	tree_restore_figures_fini(&restoration->planned);
	moved_tablespaces_fini(&restoration->moved);
	choice_fini(&restoration->choice);
	thaw_names_fini(&restoration->archived_names);
	backup_list_fini(&restoration->backups);
	coverage_fini(&restoration->coverage);
	repository_fini(&restoration->repo);
	restoration->choice = (struct choice){0};
}

/* What the choice means for the directory. */
static enum status plan(struct restoration *restoration, struct error *err)
{
	const char *parent = restoration->params->tablespace_parent;
	enum status st = STATUS_OK;
	restore_take_choice(restoration);
	if (parent != NULL)
		st = moved_tablespaces_make(&restoration->moved, &restoration->choice.branch.backup->manifest, parent,
					    err);
	if (st)
		return st;
	const struct tree_restore_settings settings = restore_tree_settings(restoration);
	return tree_restore_plan(&settings, &restoration->planned, err);
}

/* *elsewhere: another repository may be able to do what this one cannot. */
static enum status try_source(struct restoration *restoration, bool *elsewhere, struct error *err)
{
	/* With delta, both would be removed. */
	enum status st = placement_check_repository(restoration->settings, restoration->place.path, err);
	*elsewhere = false;
	if (!st)
		st = repository_open(&restoration->repo, restoration->settings, &restoration->call, err);
	if (!st)
		st = find_cluster(restoration, err);
	if (!st)
		st = read_all(restoration, err);
	if (!st && !restoration->stopped)
		st = choose_all(restoration, elsewhere, err);
	if (!st && !restoration->stopped)
		st = plan(restoration, err);
	*elsewhere |= st == STATUS_UNREACHABLE || st == STATUS_MISSING || st == STATUS_INCOMPLETE ||
		      st == STATUS_DAMAGED || st == STATUS_EXISTS;
	return st;
}

static enum status try_mirror(struct restoration *restoration, size_t index, struct error *err)
{
	const struct mirrors *mirrors = &restoration->params->mirrors;
	bool ignored;
	enum status st = mirrors->settings(mirrors->arg, index, &restoration->settings, err);
	if (st)
		return st;
	restoration->failover.first = index + 1;
	st = try_source(restoration, &ignored, err);
	return st ? error_wrap(err, st, "mirror %s", restoration->settings->url) : STATUS_OK;
}

enum status restore_choose_source(struct restoration *restoration, struct error *err)
{
	const struct restore_params *params = restoration->params;
	bool elsewhere;
	restoration->settings = params->settings;
	restoration->call = *params->call;
	if (params->mirrors.count > 0 && restoration->call.step_ms > FAILOVER_PATIENCE_MS)
		restoration->call.step_ms = FAILOVER_PATIENCE_MS;
	enum status st = try_source(restoration, &elsewhere, err);
	if (!st || !elsewhere)
		return st;
	for (size_t i = 0; i < params->mirrors.count; i++) {
		struct error trouble = {0};
		restore_forget_source(restoration);
		if (try_mirror(restoration, i, &trouble) == STATUS_OK) {
			(void)snprintf(restoration->source_reason, sizeof restoration->source_reason, "%s", err->text);
			*err = (struct error){0};
			log_line(restoration->call.log, LEVEL_WARNING, "restoring from the mirror %s: %s",
				 restoration->settings->url, restoration->source_reason);
			return STATUS_OK;
		}
		log_line(restoration->call.log, LEVEL_WARNING, "%s", trouble.text);
	}
	return st;
}
