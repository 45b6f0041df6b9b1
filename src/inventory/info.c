#include "inventory/info.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "console/print.h"
#include "inventory/backup_show.h"
#include "inventory/cluster.h"
#include "inventory/dump_show.h"
#include "inventory/reachable.h"
#include "inventory/survey.h"

struct showing {
	const struct info_params *params;
	const struct survey *survey;
	struct progress progress;
	struct reachable reachable; /* with params->at */
	struct commit_notes notes;  /* of the current cluster */
};

/* Notes that cannot be opened count as missing: the segments have the times too. */
static enum status seen(void *arg, const struct coverage *coverage, const struct wal_name *name,
			const struct object_info *info, struct error *err)
{
	struct showing *showing = arg;
	uint64_t number;
	if (coverage->objects == 0) {
		const struct commit_notes_place place = {.directory = showing->params->notes_dir,
							 .settings = showing->params->settings,
							 .system_id = coverage->system_id};
		commit_notes_fini(&showing->notes);
		(void)commit_notes_open(&showing->notes, &place, err);
	}
	if (name->kind == WAL_SEGMENT && wal_name_number(name, coverage->segment_bytes, &number))
		commit_notes_listed(&showing->notes, name->timeline, number, info->modified_s);
	return STATUS_OK;
}

static enum status show(void *arg, struct coverage *coverage, struct backup_list *backups, struct error *err)
{
	struct showing *showing = arg;
	const struct info_params *params = showing->params;
	const struct dump_list *dumps = &showing->survey->dumps;
	CLEANUP(buffer_fini) struct buffer text = {0};
	const struct window_reader reader = {.repo = showing->survey->repo,
					     .call = params->call,
					     .progress = &showing->progress,
					     .notes = &showing->notes,
					     .notes_only = !params->commit_times};
	if (params->json)
		return print_json(params->console,
				  cluster_json(coverage, &reader, backup_list_json(coverage->system_id, backups),
					       dump_list_json(coverage->system_id, dumps)),
				  err);
	enum status st = cluster_show(&text, coverage, err);
	if (!st && (params->commit_times || showing->notes.count > 0))
		st = cluster_windows_show(&text, coverage, &reader, err);
	for (size_t i = 0; !st && i < backups->count; i++)
		st = backup_show(&text, &backups->items[i], err);
	for (size_t i = 0; !st && i < dumps->count; i++)
		st = dump_show(&text, &dumps->items[i], err);
	return st ? st : print_text(params->console, &text, err);
}

static enum status answer(void *arg, struct coverage *coverage, struct backup_list *backups, struct error *err)
{
	struct showing *showing = arg;
	const struct choose_params params = {.repo = showing->survey->repo,
					     .call = showing->params->call,
					     .coverage = coverage,
					     .backups = backups,
					     .target = showing->params->at,
					     .progress = &showing->progress,
					     .notes = &showing->notes};
	return reachable_show(&showing->reachable, &params, err);
}

static enum status conclude(const struct showing *showing, struct error *err)
{
	const struct reachable *reachable = &showing->reachable;
	char moment[TARGET_TEXT_MAX];
	if (reachable->worst == STATUS_OK)
		return STATUS_OK;
	target_text(showing->params->at, moment);
	return error_set(err, reachable->worst, "%" PRIu64 " of %" PRIu64 " clusters cannot be recovered to %s",
			 reachable->clusters - reachable->reached, reachable->clusters, moment);
}

enum status info_show(const struct info_params *params, struct error *err)
{
	struct showing showing = {.params = params, .reachable = {.console = params->console, .json = params->json}};
	struct survey survey = {.settings = params->settings,
				.call = params->call,
				.progress = &showing.progress,
				.system_id = params->system_id,
				.all_timelines = params->at != NULL && params->all_timelines,
				.seen = seen,
				.each = params->at == NULL ? show : answer,
				.arg = &showing};
	showing.survey = &survey;
	progress_begin(&showing.progress, params->console->terminal_fd, params->call->clock);
	enum status st = survey_run(&survey, err);
	commit_notes_fini(&showing.notes);
	if (!st && survey.objects == 0 && (params->system_id != 0 || params->at != NULL))
		st = survey_nothing(&survey, err);
	return st ? st : conclude(&showing, err);
}
