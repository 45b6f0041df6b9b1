/* Why a restore cannot reach its target, and until when it could go. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "recovery/choose_private.h"

#define LSN_TEXT_MAX 24

static void lsn_text(uint64_t lsn, char out[LSN_TEXT_MAX])
{
	(void)snprintf(out, LSN_TEXT_MAX, "%" PRIX32 "/%" PRIX32, (uint32_t)(lsn >> 32), (uint32_t)lsn);
}

/* A backup on another timeline; also where the history that would connect the two is missing. */
static enum status off_the_line(const struct listed_backup *newest, struct error *err)
{
	(void)error_set(err, STATUS_INCOMPLETE, "no usable backup leads to the timeline to follow; the newest is %s",
			newest->label.text);
	return error_hint(err, STATUS_INCOMPLETE,
			  "walship verify shows a missing timeline history; --target-timeline %" PRIu64
			  " follows the backup's own timeline",
			  newest->manifest.stop_timeline);
}

static enum status say_unusable(const struct listed_backup *backup, enum status st, struct error *err)
{
	if (backup->lack.lacks)
		return error_hint(err, st,
				  "add the key as another cipher-key-file (or cipher-key-command); walship key list "
				  "shows which keys the repository needs");
	return error_hint(err, st, "walship verify says for each backup whether it can be restored");
}

static enum status no_backup(const struct choose_params *params, struct error *err)
{
	const struct backup_list *backups = params->backups;
	for (size_t i = backups->count; i-- > 0;) {
		const struct listed_backup *each = &backups->items[i];
		if (each->complete && each->status != STATUS_OK)
			return say_unusable(each,
					    error_set(err, each->status, "no backup can be used; %s: %s",
						      each->label.text, each->error),
					    err);
		if (backup_list_is_usable(backups, each))
			return off_the_line(each, err);
	}
	(void)error_set(err, STATUS_INCOMPLETE, "the repository has no complete backup of cluster %" PRIu64,
			params->coverage->system_id);
	return error_hint(err, STATUS_INCOMPLETE, "walship backup makes one");
}

/* A backup is there, but none before the target. */
static enum status too_early(const struct listed_backup *oldest, const struct choose_params *params, struct error *err)
{
	char target[TARGET_TEXT_MAX], ended[UTC_TEXT_SIZE], lsn[LSN_TEXT_MAX];
	target_text(params->target, target);
	utc_text(oldest->manifest.ended + 1, ended);
	lsn_text(oldest->manifest.stop_lsn, lsn);
	if (params->label != NULL)
		(void)error_set(err, STATUS_USAGE, "backup %s did not end before %s", params->label->text, target);
	else
		(void)error_set(err, STATUS_USAGE, "no backup ended before %s", target);
	return error_hint(err, STATUS_USAGE, "the earliest possible target is %s, LSN %s: the end of backup %s", ended,
			  lsn, oldest->label.text);
}

static enum status lacks_own_wal(const struct branch *branch, const struct choose_params *params, struct error *err)
{
	const struct coverage *coverage = params->coverage;
	struct wal_name name;
	uint64_t number =
	    line_reach(&branch->line, coverage, branch->lacks->manifest.start_lsn / coverage->segment_bytes);
	wal_name_of_number(&name, line_at(&branch->line, number * coverage->segment_bytes), number,
			   coverage->segment_bytes);
	(void)error_set(err, STATUS_INCOMPLETE, "backup %s needs %s, which the archive lacks",
			branch->lacks->label.text, name.text);
	return error_hint(err, STATUS_INCOMPLETE,
			  "push the file if a server still has it, or choose an older backup with --backup");
}

static enum status label_unusable(const struct choose_params *params, struct error *err)
{
	const struct listed_backup *backup = backup_list_find(params->backups, params->label);
	if (backup == NULL || !backup->complete)
		return error_hint(
		    err, error_set(err, STATUS_USAGE, "the repository has no complete backup %s", params->label->text),
		    "walship backup list shows the backups");
	if (!backup_list_is_usable(params->backups, backup))
		return say_unusable(backup,
				    error_set(err, backup->status ? backup->status : STATUS_INCOMPLETE,
					      "backup %s cannot be used: %s", params->label->text,
					      backup->status ? backup->error : "a backup that it needs is missing"),
				    err);
	return error_set(err, STATUS_USAGE, "the timeline to follow does not pass through backup %s",
			 params->label->text);
}

enum status refuse_all(const struct branches *branches, const struct choose_params *params, struct error *err)
{
	const struct listed_backup *oldest = NULL;
	const struct branch *lacking = NULL;
	bool wanted = params->label == NULL;
	for (size_t i = 0; i < branches->count; i++) {
		const struct branch *each = &branches->items[i];
		if (each->lacks != NULL)
			lacking = each;
		if (each->oldest != NULL &&
		    (oldest == NULL || strcmp(each->oldest->label.text, oldest->label.text) < 0))
			oldest = each->oldest;
		if (!wanted)
			wanted = backup_list_find(params->backups, params->label) != NULL &&
				 branch_has(each, params, backup_list_find(params->backups, params->label));
	}
	if (lacking != NULL)
		return lacks_own_wal(lacking, params, err);
	if (!wanted)
		return label_unusable(params, err);
	return oldest == NULL ? no_backup(params, err) : too_early(oldest, params, err);
}

/* "recovery can go up to …", from the last commit before the first missing segment. */
static enum status say_until(const struct branch *branch, const struct choose_params *params, enum status st,
			     struct error *err)
{
	struct moment_search search = branch_search(branch, params);
	int64_t last_us = 0;
	char time[TARGET_TIME_MAX], lsn[LSN_TEXT_MAX];
	struct error ignored;
	lsn_text(branch->reach * params->coverage->segment_bytes, lsn);
	if (moment_last_time(&search, &last_us, &ignored) || last_us == 0)
		return error_hint(err, st, "recovery can go up to LSN %s; --force restores anyway", lsn);
	target_time_text(last_us, time);
	return error_hint(err, st,
			  "recovery can go up to %s, the last archived commit before LSN %s; --force restores "
			  "anyway",
			  time, lsn);
}

static void say_gap(const struct branch *branch, const struct choose_params *params, struct error *err)
{
	const struct coverage *coverage = params->coverage;
	char target[TARGET_TEXT_MAX];
	struct wal_name name;
	target_text(params->target, target);
	wal_name_of_number(&name, line_at(&branch->line, branch->reach * coverage->segment_bytes), branch->reach,
			   coverage->segment_bytes);
	(void)error_set(err, STATUS_INCOMPLETE, "the archive lacks %s, which recovery to %s needs", name.text, target);
}

enum status refuse_branch(const struct branch *branch, const struct choose_params *params, struct error *err)
{
	char target[TARGET_TEXT_MAX];
	target_text(params->target, target);
	if (branch->lacks == branch->backup)
		return lacks_own_wal(branch, params, err);
	if (branch->gap)
		say_gap(branch, params, err);
	else if (params->target->kind == TARGET_TIME)
		(void)error_set(err, STATUS_INCOMPLETE,
				"no commit after %s is archived: recovery would end before its target", target);
	else
		(void)error_set(err, STATUS_INCOMPLETE, "the archived WAL does not have %s", target);
	return say_until(branch, params, STATUS_INCOMPLETE, err);
}
