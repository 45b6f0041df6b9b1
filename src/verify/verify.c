#include "verify/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "console/measure.h"
#include "console/print.h"
#include "inventory/cluster.h"
#include "inventory/survey.h"
#include "verify/read_backups.h"
#include "verify/read_plan.h"
#include "verify/verify_backups.h"
#include "verify/verify_dumps.h"
#include "verify/verify_late.h"
#include "verify/verify_notes.h"
#include "verify/verify_outcome.h"
#include "verify/verify_read.h"

struct verification {
	const struct verify_params *params;
	struct survey survey;
	struct progress progress;
	bool found;             /* WAL of any cluster */
	struct missing missing; /* of all clusters */
	uint64_t missing_histories;
	uint64_t damaged, not_opened, missing_keys;
	uint64_t minimal_ranges;     /* --read: recovery stops there */
	struct coverage_stray stray; /* of the first such cluster; latest 0: none */
	struct wal_name stray_last;
	struct backup_totals backups;
	struct dump_totals dumps;
	struct dump_verdict *dump_verdicts; /* of the current cluster */
	struct backup_parts parts;          /* of the current cluster */
	struct commit_notes commits;        /* of the current cluster */
	/* With --read, for the current cluster: */
	struct verified verified;
	struct read_plan plan;
	uint64_t bytes; /* to read */
};

/*
 * --read.
 */

static enum status open_notes(struct verification *verification, uint64_t system_id, struct error *err)
{
	const struct verify_params *params = verification->params;
	enum status st = verify_notes_open_commits(&verification->commits, params, system_id, err);
	if (!st && params->read)
		st = verify_notes_open(&verification->verified, params, verification->survey.repo, system_id, "", err);
	return st;
}

static enum status count_job(void *arg, const struct read_job *job, struct error *err)
{
	(void)err;
	((struct verification *)arg)->bytes += job->bytes;
	return STATUS_OK;
}

/* With --read, counts the bytes to read before reading begins, for the progress. */
static enum status seen(void *arg, const struct coverage *coverage, const struct wal_name *name,
			const struct object_info *info, struct error *err)
{
	struct verification *verification = arg;
	uint64_t number;
	enum status st = STATUS_OK;
	if (coverage->objects == 0) {
		st = open_notes(verification, coverage->system_id, err);
		verification->plan = (struct read_plan){.read = count_job, .arg = verification};
		verification->bytes = 0;
	}
	verification->plan.segment_bytes = coverage->segment_bytes;
	if (name->kind == WAL_SEGMENT && wal_name_number(name, coverage->segment_bytes, &number))
		commit_notes_listed(&verification->commits, name->timeline, number, info->modified_s);
	if (st || !verification->params->read)
		return st;
	bool known = verify_notes_suffice(&verification->verified, &verification->commits, name,
					  coverage->segment_bytes, info->modified_s);
	if (!st && info->archived)
		read_plan_pass(&verification->plan);
	else if (!st)
		st = read_plan_add(&verification->plan, name, info->bytes, !known, err);
	return st;
}

static enum status show_totals(const struct verification *verification, const struct coverage *coverage,
			       const struct read_totals *totals, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	char size[MEASURE_MAX];
	if (verification->params->json)
		return print_json(verification->params->console,
				  json_pack("{s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "kind", "read",
					    "system_id", print_system_id(coverage->system_id), "objects",
					    (json_int_t)totals->objects, "bytes", (json_int_t)totals->bytes, "records",
					    (json_int_t)totals->records, "skipped_records", (json_int_t)totals->skipped,
					    "remembered_segments", (json_int_t)totals->remembered, "archived_objects",
					    (json_int_t)totals->unreadable, "removed_objects",
					    (json_int_t)totals->removed, "damaged_objects", (json_int_t)totals->damaged,
					    "locked_objects", (json_int_t)totals->missing_keys.objects),
				  err);
	measure_bytes(totals->bytes, size);
	enum status st = buffer_printf(&text, err, "%s read %" PRIu64 " object%s, %s, %" PRIu64 " WAL records",
				       totals->damaged + totals->missing_keys.objects > 0 ? "✗" : "✓", totals->objects,
				       totals->objects == 1 ? "" : "s", size, totals->records);
	if (!st && totals->remembered > 0)
		st = buffer_printf(&text, err, "; %" PRIu64 " segments verified by earlier runs", totals->remembered);
	if (!st && totals->unreadable > 0)
		st = buffer_printf(&text, err, "; %" PRIu64 " in an archive storage class, not read",
				   totals->unreadable);
	if (!st && totals->removed > 0)
		st = buffer_printf(&text, err, "; %" PRIu64 " removed meanwhile: the next run shows what is missing",
				   totals->removed);
	if (!st && totals->damaged > totals->not_opened)
		st = buffer_printf(&text, err, "; %" PRIu64 " damaged", totals->damaged - totals->not_opened);
	if (!st && totals->not_opened > 0)
		st = buffer_printf(&text, err, "; %" PRIu64 " not opened: this machine cannot read them",
				   totals->not_opened);
	if (!st && totals->missing_keys.objects > 0)
		st = buffer_printf(&text, err, "; %" PRIu64 " not opened: the key is not configured",
				   totals->missing_keys.objects);
	if (!st)
		st = buffer_append(&text, "\n", 1, err);
	return st ? st : print_text(verification->params->console, &text, err);
}

static enum status mark_lost(void *arg, uint32_t timeline, uint64_t number, struct error *err)
{
	return coverage_mark_lost(arg, timeline, number, err);
}

static enum status mark_minimal(void *arg, const struct level_range *range, struct error *err)
{
	return coverage_mark_minimal(arg, range->timeline, range->first, range->last, err);
}

static enum status take_time(void *arg, const struct object_info *info, struct error *err)
{
	(void)err;
	*(int64_t *)arg = info->modified_s;
	return STATUS_OK;
}

struct times {
	const struct verification *verification;
	const struct coverage *coverage;
};

/* After hours of reading, a time that the store cannot give stays unknown; it is no failure. */
static bool ask_time(void *arg, uint32_t timeline, uint64_t number, int64_t *stored_s)
{
	const struct times *times = arg;
	char object[WAL_OBJECT_NAME_MAX];
	struct wal_name name;
	struct error ignored;
	wal_name_of_number(&name, timeline, number, times->coverage->segment_bytes);
	wal_object_name(object, times->coverage->system_id, &name);
	return store_list(times->verification->survey.repo->store, times->verification->params->call, object, take_time,
			  stored_s, &ignored) == STATUS_OK;
}

/* Reads the cluster; coverage marks unreadable segments as lost. */
static enum status read_all(struct verification *verification, struct coverage *coverage, struct error *err)
{
	struct cluster_reading reading = {.call = verification->params->call,
					  .console = verification->params->console,
					  .json = verification->params->json,
					  .threads = verification->params->threads,
					  .repo = verification->survey.repo,
					  .progress = &verification->progress,
					  .verified = &verification->verified,
					  .commits = &verification->commits,
					  .system_id = coverage->system_id,
					  .segment_bytes = coverage->segment_bytes,
					  .objects = verification->plan.jobs,
					  .bytes = verification->bytes,
					  .newest_s = coverage_newest_s(coverage),
					  .lost = mark_lost,
					  .minimal = mark_minimal,
					  .arg = coverage};
	struct times times = {verification, coverage};
	enum status st = verify_read(&reading, err);
	if (!st)
		coverage_lost_times(coverage, ask_time, &times);
	verification->minimal_ranges += coverage->minimal_ranges;
	verification->damaged += reading.totals.damaged;
	verification->not_opened += reading.totals.not_opened;
	verification->missing_keys += reading.totals.missing_keys.objects;
	if (!st)
		st = missing_keys_print(&reading.totals.missing_keys, verification->params->console,
					verification->params->json, err);
	return st ? st : show_totals(verification, coverage, &reading.totals, err);
}

/*
 * Names.
 */

static enum status show(const struct verification *verification, const struct coverage *coverage,
			const struct backup_list *backups, const struct backup_verdict *verdicts, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	const struct verify_params *params = verification->params;
	const struct dump_list *dumps = &verification->survey.dumps;
	const struct window_reader reader = {.repo = verification->survey.repo,
					     .call = params->call,
					     .progress = verification->survey.progress,
					     .notes = &verification->commits,
					     .notes_only = !params->commit_times};
	if (params->json)
		return print_json(
		    params->console,
		    cluster_json(coverage, &reader, verify_backups_json(coverage->system_id, backups, verdicts),
				 verify_dumps_json(coverage->system_id, dumps, verification->dump_verdicts)),
		    err);
	enum status st = cluster_judge(&text, coverage, &reader, err);
	if (!st)
		st = verify_backups_show(&text, backups, verdicts, err);
	if (!st)
		st = verify_dumps_show(&text, dumps, verification->dump_verdicts, err);
	return st ? st : print_text(params->console, &text, err);
}

static enum status seen_backup(void *arg, const struct backup_object *object, const struct object_info *info,
			       struct error *err)
{
	return backup_parts_add(&((struct verification *)arg)->parts, object, info, err);
}

/* A first judgement marks the objects that the backups need; what it says is dropped. */
static enum status read_backup_objects(struct verification *verification, const struct backup_judge *judge,
				       const struct backup_list *backups, struct error *err)
{
	const struct verify_params *params = verification->params;
	CLEANUP(verified_fini) struct verified notes = {0};
	CLEANUP(freep) struct backup_verdict *verdicts = NULL;
	struct backup_totals ignored = {0};
	struct backup_judge marking = *judge;
	struct backup_reading reading = {.call = params->call,
					 .console = params->console,
					 .json = params->json,
					 .repo = judge->repo,
					 .threads = params->threads,
					 .progress = &verification->progress,
					 .system_id = judge->coverage->system_id,
					 .list = backups,
					 .parts = &verification->parts,
					 .notes = &notes};
	marking.marks = true;
	enum status st = verify_notes_open(&notes, params, judge->repo, reading.system_id, "-backups", err);
	if (!st)
		st = verify_backups_judge(&marking, backups, &verdicts, &ignored, err);
	return st ? st : read_backups(&reading, err);
}

/* The verdicts depend on the WAL, and so come after it. */
static enum status judge_backups(struct verification *verification, const struct coverage *coverage,
				 const struct backup_list *backups, struct error *err)
{
	CLEANUP(freep) struct backup_verdict *verdicts = NULL;
	const struct backup_judge judge = {.repo = verification->survey.repo,
					   .call = verification->params->call,
					   .coverage = coverage,
					   .parts = &verification->parts};
	enum status st = STATUS_OK;
	backup_parts_sort(&verification->parts);
	if (verification->params->read && backups->count > 0)
		st = read_backup_objects(verification, &judge, backups, err);
	if (!st)
		st = verify_backups_judge(&judge, backups, &verdicts, &verification->backups, err);
	if (!st)
		st = show(verification, coverage, backups, verdicts, err);
	backup_parts_fini(&verification->parts);
	return st;
}

static void note_stray(struct verification *verification, const struct coverage *coverage)
{
	struct coverage_stray stray;
	bool strays;
	(void)coverage_latest(coverage, &strays, &stray);
	if (!strays || verification->stray.latest != 0)
		return;
	verification->stray = stray;
	wal_name_of_number(&verification->stray_last, stray.newest, stray.last, coverage->segment_bytes);
}

static enum status judge_wal(struct verification *verification, struct coverage *coverage, struct error *err)
{
	const struct late_search late = {verification->params->call, verification->survey.repo->store,
					 verification->params->push_timeout_ms};
	enum status st = verify_late(&late, coverage, err);
	if (st)
		return st;
	struct missing missing = cluster_missing(coverage);
	verification->found = true;
	verification->missing.ranges += missing.ranges;
	verification->missing.segments += missing.segments;
	verification->missing_histories += coverage->missing_histories;
	note_stray(verification, coverage);
	return verification->params->read ? read_all(verification, coverage, err) : STATUS_OK;
}

static enum status judge_dumps(struct verification *verification, uint64_t system_id, struct error *err)
{
	CLEANUP(verified_fini) struct verified notes = {0};
	const struct verify_params *params = verification->params;
	const struct dump_judge judge = {.repo = verification->survey.repo,
					 .params = params,
					 .progress = &verification->progress,
					 .notes = params->read ? &notes : NULL};
	enum status st =
	    params->read ? verify_notes_open(&notes, params, judge.repo, system_id, "-dumps", err) : STATUS_OK;
	freep(&verification->dump_verdicts);
	return st ? st
		  : verify_dumps_judge(&judge, &verification->survey.dumps, &verification->dump_verdicts,
				       &verification->dumps, err);
}

/* The windows come last: they reflect the result of reading, too. */
static enum status judge(void *arg, struct coverage *coverage, struct backup_list *backups, struct error *err)
{
	struct verification *verification = arg;
	enum status st = coverage->objects == 0 ? STATUS_OK : judge_wal(verification, coverage, err);
	if (!st)
		st = judge_dumps(verification, coverage->system_id, err);
	return st ? st : judge_backups(verification, coverage, backups, err);
}

/* The outcome for all clusters: unreadable objects come first. */
static enum status conclude(const struct verification *verification, struct error *err)
{
	/* The survey and the reading both count an unreadable history: their counts are not added. */
	uint64_t damaged = verification->damaged > 0 ? verification->damaged : verification->survey.damaged;
	uint64_t missing_keys =
	    verification->missing_keys > 0 ? verification->missing_keys : verification->survey.missing_keys;
	if (damaged > 0 && damaged == verification->not_opened && missing_keys == 0)
		return verify_outcome_not_opened(damaged, err);
	if (damaged + missing_keys > 0)
		return verify_outcome_unreadable(damaged, missing_keys, err);
	if (verification->backups.damaged + verification->backups.locked > 0)
		return verify_backups_conclude(&verification->backups, err);
	if (verification->missing.segments > 0)
		return verify_outcome_missing(&verification->missing, err);
	if (verification->missing_histories > 0)
		return verify_outcome_histories(verification->missing_histories, err);
	if (verification->minimal_ranges > 0)
		return verify_outcome_minimal(verification->minimal_ranges, err);
	if (verification->stray.latest != 0)
		return verify_outcome_stray(&verification->stray, &verification->stray_last, err);
	if (!verification->found && verification->dumps.dumps == 0)
		return survey_nothing(&verification->survey, err);
	enum status st = verify_dumps_conclude(&verification->dumps, err);
	return st ? st : verify_backups_conclude(&verification->backups, err);
}

enum status verify_run(const struct verify_params *params, struct error *err)
{
	struct verification verification = {.params = params};
	verification.survey = (struct survey){.settings = params->settings,
					      .call = params->call,
					      .progress = &verification.progress,
					      .system_id = params->system_id,
					      .each = judge,
					      .seen = seen,
					      .seen_backup = seen_backup,
					      .opens = params->read,
					      .arg = &verification};
	progress_begin(&verification.progress, params->console->terminal_fd, params->call->clock);
	enum status st = survey_run(&verification.survey, err);
	verified_fini(&verification.verified);
	commit_notes_fini(&verification.commits);
	free(verification.dump_verdicts);
	backup_parts_fini(&verification.parts);
	if (!st)
		st = conclude(&verification, err);
	return st;
}
