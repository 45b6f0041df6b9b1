#include "verify/backup_verdict.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "catalog/pack_table.h"
#include "inventory/cluster.h"

#define LOOKS_MAX 16 /* missing objects of a backup that are looked for again */

/*
 * WAL.
 */

/* Whether the line of a timeline and its ancestors has this timeline at this position. */
static bool line_has(const struct coverage *coverage, uint32_t line, uint64_t timeline, uint64_t lsn)
{
	const struct coverage_timeline *each = NULL;
	for (size_t i = 0; i < coverage->timeline_count; i++)
		if (coverage->timelines[i].id == line)
			each = &coverage->timelines[i];
	while (each != NULL && each->id != timeline && lsn <= each->switch_lsn)
		each = coverage_parent(coverage, each);
	return each != NULL && each->id == timeline;
}

struct search {
	const struct coverage *coverage;
	const struct manifest *manifest;
	bool found;
	struct coverage_window best;
};

static enum status consider(void *arg, const struct coverage_window *window, struct error *err)
{
	struct search *search = arg;
	const struct manifest *manifest = search->manifest;
	(void)err;
	bool fits = window->begin_lsn <= manifest->start_lsn && manifest->stop_lsn <= window->end_lsn &&
		    line_has(search->coverage, window->timeline, manifest->stop_timeline, manifest->stop_lsn) &&
		    line_has(search->coverage, window->timeline, manifest->start_timeline, manifest->start_lsn);
	if (!fits ||
	    (search->found && (search->best.newest || (!window->newest && window->last_s < search->best.last_s))))
		return STATUS_OK;
	search->found = true;
	search->best = *window;
	return STATUS_OK;
}

bool backup_window(const struct coverage *coverage, const struct manifest *manifest, struct coverage_window *out)
{
	struct search search = {.coverage = coverage, .manifest = manifest};
	struct error ignored;
	(void)coverage_windows(coverage, consider, &search, &ignored);
	*out = search.best;
	return search.found;
}

/*
 * Objects.
 */

static void fault(struct backup_verdict *out, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void fault(struct backup_verdict *out, enum status status, const char *format, ...)
{
	va_list args;
	if (out->faults++ > 0)
		return;
	va_start(args, format);
	(void)vsnprintf(out->reason, sizeof out->reason, format, args);
	va_end(args);
	out->status = status;
}

/* A backup that ended while the repository was listed has objects that the listing does not show. */
static bool is_there_now(const struct backup_judge *judge, const char *name, const struct backup_verdict *out)
{
	struct object_info info;
	struct error ignored;
	const struct call step = call_step(judge->call);
	return out->faults < LOOKS_MAX && store_stat(judge->repo->store, &step, name, &info, &ignored) == STATUS_OK;
}

/* NULL when the object was not listed; that it is missing is noted. */
static struct backup_stored *look_up(const struct backup_judge *judge, const struct backup_object *object,
				     struct backup_verdict *out)
{
	char name[BACKUP_OBJECT_NAME_MAX];
	struct backup_stored *stored = backup_parts_find(judge->parts, &object->label, object->part, object->number);
	backup_object_name(name, object->system_id, &object->label, object->part, object->number);
	if (stored == NULL && !is_there_now(judge, name, out))
		fault(out, STATUS_INCOMPLETE, "%s is missing", name);
	if (stored == NULL)
		return NULL;
	if (stored->locked)
		fault(out, STATUS_DAMAGED, "%s needs a key that is not configured", name);
	else if (stored->trouble != STATUS_OK)
		fault(out, (enum status)stored->trouble, "%s cannot be read", name);
	out->lacks_key |= stored->locked;
	stored->needed |= judge->marks;
	out->archived += stored->archived;
	return stored;
}

static void check_series(const struct backup_judge *judge, const struct manifest *manifest, enum backup_part part,
			 uint64_t count, struct backup_verdict *out)
{
	struct backup_object object = {.system_id = manifest->system_id, .label = manifest->label, .part = part};
	for (uint64_t number = 1; number <= count; number++) {
		object.number = (uint32_t)number;
		(void)look_up(judge, &object, out);
	}
}

static void check_pack(const struct backup_judge *judge, const struct manifest *manifest,
		       const struct pack_entry *entry, struct backup_verdict *out)
{
	char name[BACKUP_OBJECT_NAME_MAX];
	const struct backup_object object = {.system_id = manifest->system_id,
					     .label = entry->backup == 0 ? manifest->label
									 : manifest->needs[entry->backup - 1],
					     .part = PART_DATA,
					     .number = entry->number};
	const struct backup_stored *stored = look_up(judge, &object, out);
	if (stored == NULL || stored->bytes == entry->bytes)
		return;
	pack_name(name, manifest, entry->backup, entry->number);
	fault(out, STATUS_DAMAGED, "%s has %" PRIu64 " bytes, not %" PRIu64, name, stored->bytes, entry->bytes);
}

/* Of a table that is incomplete, in an archive storage class or damaged, nothing more can be said. */
static enum status check_packs(const struct backup_judge *judge, const struct manifest *manifest,
			       struct backup_verdict *out, struct error *err)
{
	CLEANUP(pack_table_fini) struct pack_table table = {0};
	check_series(judge, manifest, PART_PACKS, manifest->packs_objects, out);
	if (out->faults > 0 || out->archived > 0)
		return STATUS_OK;
	enum status st = pack_table_read(&table, judge->repo, judge->call, manifest, err);
	if (st == STATUS_DAMAGED || st == STATUS_LOCAL) {
		fault(out, st, "%s", err->text);
		return STATUS_OK;
	}
	for (size_t i = 0; !st && i < table.count; i++)
		check_pack(judge, manifest, &table.items[i], out);
	return st;
}

static void check_wal(const struct backup_judge *judge, const struct manifest *manifest, struct backup_verdict *out)
{
	char start[LSN_TEXT_MAX], stop[LSN_TEXT_MAX];
	out->has_window = backup_window(judge->coverage, manifest, &out->window);
	if (out->has_window)
		return;
	lsn_text(manifest->start_lsn, start);
	lsn_text(manifest->stop_lsn, stop);
	fault(out, STATUS_INCOMPLETE, "the WAL from %s to %s on timeline %" PRIu64 " is missing or has a gap", start,
	      stop, manifest->stop_timeline);
}

enum status backup_judge_one(const struct backup_judge *judge, const struct listed_backup *backup,
			     struct backup_verdict *out, struct error *err)
{
	const struct manifest *manifest = &backup->manifest;
	*out = (struct backup_verdict){.lacks_key = backup->lack.lacks};
	if (!backup->complete) {
		out->status = STATUS_EXISTS;
		return STATUS_OK;
	}
	if (backup->status) {
		/* An archived manifest is not damaged, but nobody can say what the backup needs. */
		fault(out, backup->status == STATUS_EXISTS ? STATUS_INCOMPLETE : backup->status, "%s", backup->error);
		return STATUS_OK;
	}
	enum status st = check_packs(judge, manifest, out, err);
	if (st)
		return st;
	check_series(judge, manifest, PART_INDEX, manifest->index_objects, out);
	check_series(judge, manifest, PART_HASHES, manifest->hashes_objects, out);
	check_wal(judge, manifest, out);
	return STATUS_OK;
}
