#include "recovery/branch.h"

#include <string.h>

void branch_fini(struct branch *branch)
{
	line_fini(&branch->line);
	*branch = (struct branch){0};
}

bool branch_reaches(const struct branch *branch)
{
	return branch->backup != NULL && (!branch->has_moment || branch->moment.reached);
}

/* A manifest has whole seconds, rounded down. */
bool backup_ended_before(const struct listed_backup *backup, const struct target *target)
{
	if (target->kind == TARGET_TIME)
		return (backup->manifest.ended + 1) * 1000000 <= target->time_us;
	return target->kind != TARGET_LSN || backup->manifest.stop_lsn <= target->lsn;
}

static uint64_t first_segment(const struct listed_backup *backup, const struct coverage *coverage)
{
	return backup->manifest.start_lsn / coverage->segment_bytes;
}

bool branch_has(const struct branch *branch, const struct choose_params *params, const struct listed_backup *backup)
{
	const struct manifest *manifest = &backup->manifest;
	return backup_list_is_usable(params->backups, backup) &&
	       line_passes(&branch->line, (uint32_t)manifest->start_timeline, manifest->start_lsn) &&
	       line_passes(&branch->line, (uint32_t)manifest->stop_timeline, manifest->stop_lsn);
}

static bool is_wanted(const struct choose_params *params, const struct listed_backup *backup)
{
	return params->label == NULL || strcmp(params->label->text, backup->label.text) == 0;
}

/* Whether all WAL that makes the backup consistent is in the archive. */
static bool has_its_wal(const struct branch *branch, const struct choose_params *params,
			const struct listed_backup *backup)
{
	const struct coverage *coverage = params->coverage;
	return line_reach(&branch->line, coverage, first_segment(backup, coverage)) >
	       (backup->manifest.stop_lsn - 1) / coverage->segment_bytes;
}

static void take(struct branch *branch, const struct choose_params *params, const struct listed_backup *backup)
{
	branch->backup = backup;
	branch->first = first_segment(backup, params->coverage);
	branch->reach = line_reach(&branch->line, params->coverage, branch->first);
	branch->gap = line_goes_on(&branch->line, params->coverage, branch->reach);
}

/* The newest backup that ended at or before most_lsn and before the target. With force, WAL may be missing. */
static void find_backup(struct branch *branch, const struct choose_params *params, uint64_t most_lsn)
{
	branch->backup = branch->lacks = NULL;
	for (size_t i = params->backups->count; i-- > 0;) {
		const struct listed_backup *backup = &params->backups->items[i];
		if (!branch_has(branch, params, backup))
			continue;
		branch->oldest = backup;
		if (branch->backup != NULL || !is_wanted(params, backup) || backup->manifest.stop_lsn > most_lsn ||
		    !backup_ended_before(backup, params->target))
			continue;
		if (has_its_wal(branch, params, backup))
			take(branch, params, backup);
		else if (branch->lacks == NULL)
			branch->lacks = backup;
	}
	if (branch->backup == NULL && branch->lacks != NULL && params->force)
		take(branch, params, branch->lacks);
}

struct moment_search branch_search(const struct branch *branch, const struct choose_params *params)
{
	uint64_t end = params->search_end;
	return (struct moment_search){.target = params->target,
				      .line = &branch->line,
				      .coverage = params->coverage,
				      .repo = params->repo,
				      .call = params->call,
				      .progress = params->progress,
				      .notes = params->notes,
				      .first = branch->first,
				      .end = end > 0 && end < branch->reach ? end : branch->reach};
}

/*
 * Only the WAL says where a transaction or a name is. The newest backups' WAL is read first, and each segment once. A
 * record may cross into the segment where the newer backup began.
 */
static enum status find_mark(struct branch *branch, const struct choose_params *params, struct error *err)
{
	enum status st = STATUS_OK;
	uint64_t most_lsn = UINT64_MAX, read_from = UINT64_MAX;
	struct moment all = {0};
	for (;;) {
		find_backup(branch, params, most_lsn);
		if (st || branch->backup == NULL || branch->moment.reached)
			break;
		struct moment_search search = branch_search(branch, params);
		if (search.end > read_from)
			search.end = read_from;
		st = moment_find(&branch->moment, &search, err);
		all.segments += branch->moment.segments;
		all.bytes += branch->moment.bytes;
		if (st)
			break;
		if (branch->moment.reached)
			most_lsn = branch->moment.lsn;
		else
			most_lsn = branch->backup->manifest.stop_lsn - 1;
		read_from = branch->first + 1;
	}
	branch->moment.segments = all.segments;
	branch->moment.bytes = all.bytes;
	/* Nothing has it: the newest backup is the one to speak of. */
	if (!st && !branch->moment.reached)
		find_backup(branch, params, UINT64_MAX);
	return st;
}

/* Whether the moment was before the timeline began that recovery would be on: the server was down, or on another one.
 */
static enum status judge_time(struct branch *branch, const struct choose_params *params, struct error *err)
{
	struct moment_search search = branch_search(branch, params);
	int64_t begun_us = 0;
	uint32_t timeline = line_at(&branch->line, branch->moment.lsn);
	for (size_t i = 1; i < branch->line.count; i++) {
		const struct line_part *part = &branch->line.parts[i];
		if (part->timeline != timeline || part->begin_lsn < branch->backup->manifest.start_lsn)
			continue;
		enum status st = moment_first_time(&search, part->begin_lsn, &begun_us, err);
		if (st)
			return st;
	}
	branch->weak = begun_us != 0 && params->target->time_us < begun_us;
	return STATUS_OK;
}

enum status branch_examine(struct branch *branch, const struct choose_params *params, struct error *err)
{
	enum target_kind kind = params->target->kind;
	branch->has_moment = kind != TARGET_END && kind != TARGET_IMMEDIATE;
	if (kind == TARGET_XID || kind == TARGET_NAME)
		return find_mark(branch, params, err);
	find_backup(branch, params, UINT64_MAX);
	if (branch->backup == NULL || !branch->has_moment)
		return STATUS_OK;
	struct moment_search search = branch_search(branch, params);
	enum status st = moment_find(&branch->moment, &search, err);
	return !st && kind == TARGET_TIME && branch->moment.reached ? judge_time(branch, params, err) : st;
}
