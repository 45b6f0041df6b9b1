#include "verify/verify_backups.h"

#include <inttypes.h>
#include <stdlib.h>

#include "inventory/backup_show.h"
#include "inventory/cluster.h"

static void count(struct backup_totals *totals, const struct backup_verdict *verdict)
{
	totals->damaged += verdict->status == STATUS_DAMAGED && !verdict->lacks_key;
	totals->locked += verdict->status == STATUS_DAMAGED && verdict->lacks_key;
	totals->unreadable += verdict->status == STATUS_LOCAL;
	totals->incomplete += verdict->status == STATUS_INCOMPLETE;
}

enum status verify_backups_judge(const struct backup_judge *judge, const struct backup_list *list,
				 struct backup_verdict **out, struct backup_totals *totals, struct error *err)
{
	enum status st = STATUS_OK;
	*out = calloc(list->count + 1, sizeof **out);
	if (*out == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	for (size_t i = 0; !st && i < list->count; i++) {
		st = backup_judge_one(judge, &list->items[i], &(*out)[i], err);
		if (!st)
			count(totals, &(*out)[i]);
	}
	return st;
}

/*
 * JSON.
 */

static json_t *json_of(uint64_t system_id, const struct listed_backup *backup, const struct backup_verdict *verdict)
{
	return backup_json_of_cluster(
	    system_id, backup,
	    &(struct backup_prospect){.judged = verdict->status != STATUS_EXISTS,
				      .restorable = verdict->status == STATUS_OK,
				      .reason = verdict->reason,
				      .faults = verdict->faults,
				      .archived_objects = verdict->archived,
				      .reaches = verdict->has_window,
				      .timeline = verdict->window.timeline,
				      .end_lsn = verdict->window.end_lsn,
				      .end_stored_s = verdict->has_window ? verdict->window.last_s : 0});
}

json_t *verify_backups_json(uint64_t system_id, const struct backup_list *list, const struct backup_verdict *verdicts)
{
	json_t *array = json_array();
	for (size_t i = 0; i < list->count; i++)
		if (json_array_append_new(array, json_of(system_id, &list->items[i], &verdicts[i])) != 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

/*
 * Text.
 */

static enum status show_reach(struct buffer *out, const struct listed_backup *backup,
			      const struct backup_verdict *verdict, struct error *err)
{
	const struct manifest *manifest = &backup->manifest;
	char stop[LSN_TEXT_MAX], end[LSN_TEXT_MAX], ended[UTC_TEXT_SIZE], stored[UTC_TEXT_SIZE];
	lsn_text(manifest->stop_lsn, stop);
	lsn_text(verdict->window.end_lsn, end);
	utc_text(manifest->ended, ended);
	utc_text(verdict->window.last_s, stored);
	enum status st =
	    buffer_printf(out, err, "✓ base backup %s can be restored, and recovered from %s (ended %s) to %s",
			  backup->label.text, stop, ended, end);
	if (!st && verdict->window.last_s != 0)
		st = buffer_printf(out, err, " (stored %s)", stored);
	if (!st)
		st = buffer_printf(out, err, " on timeline %" PRIu32, verdict->window.timeline);
	if (!st && verdict->archived > 0)
		st = buffer_printf(out, err, "; first restore its %" PRIu64 " object%s in an archive storage class",
				   verdict->archived, verdict->archived == 1 ? "" : "s");
	if (!st && manifest->wrong_pages > 0)
		st = buffer_printf(out, err, "; %" PRIu64 " page%s had a wrong checksum in the server",
				   manifest->wrong_pages, manifest->wrong_pages == 1 ? "" : "s");
	return st;
}

static enum status show_fault(struct buffer *out, const struct listed_backup *backup,
			      const struct backup_verdict *verdict, struct error *err)
{
	enum status st =
	    buffer_printf(out, err, "✗ base backup %s cannot be restored: %s", backup->label.text, verdict->reason);
	return st || verdict->faults <= 1 ? st
					  : buffer_printf(out, err, "; %" PRIu64 " more fault%s", verdict->faults - 1,
							  verdict->faults == 2 ? "" : "s");
}

enum status verify_backups_show(struct buffer *out, const struct backup_list *list,
				const struct backup_verdict *verdicts, struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < list->count; i++) {
		const struct listed_backup *backup = &list->items[i];
		if (verdicts[i].status == STATUS_OK)
			st = show_reach(out, backup, &verdicts[i], err);
		else if (verdicts[i].status == STATUS_EXISTS)
			st = buffer_printf(out, err, "– base backup %s is not finished", backup->label.text);
		else
			st = show_fault(out, backup, &verdicts[i], err);
		if (!st)
			st = buffer_append(out, "\n", 1, err);
	}
	return st;
}

enum status verify_backups_conclude(const struct backup_totals *totals, struct error *err)
{
	if (totals->damaged > 0)
		return error_hint(err,
				  error_set(err, STATUS_DAMAGED, "damaged base backups: %" PRIu64, totals->damaged),
				  "the lines above name the damaged objects: look for other copies of them, and make a "
				  "new full backup");
	if (totals->locked > 0)
		return error_hint(err,
				  error_set(err, STATUS_DAMAGED,
					    "base backups that need a key that is not configured: %" PRIu64,
					    totals->locked),
				  "add it as a further cipher-key-file (or cipher-key-command): walship key list");
	if (totals->unreadable > 0)
		return error_hint(
		    err,
		    error_set(err, STATUS_LOCAL, "base backups that walship could not open: %" PRIu64,
			      totals->unreadable),
		    "the lines above show this machine's errors: correct owner and mode, or repair the disk");
	if (totals->incomplete > 0)
		return error_hint(err,
				  error_set(err, STATUS_INCOMPLETE, "base backups that cannot be restored: %" PRIu64,
					    totals->incomplete),
				  "the lines above say what is missing: make a new full backup, and remove these with "
				  "walship backup remove");
	return STATUS_OK;
}
