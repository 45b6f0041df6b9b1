/* Before a restore: what it needs of the objects in an archive storage class, in as few waits as possible. */
#include <string.h>

#include "restore/restore_private.h"

/* Clocks of the server and of the machine that made the next backup. */
#define CLOCK_MARGIN_US (CLOCK_DRIFT_S * 1000000LL)

enum status restore_thaw_seen(void *arg, const struct coverage *coverage, const struct wal_name *name,
			      const struct object_info *info, struct error *err)
{
	struct restoration *restoration = arg;
	(void)coverage;
	restoration->archived += info->archived;
	return info->archived && name->kind == WAL_HISTORY
		   ? thaw_names_add(&restoration->archived_names, info->name, err)
		   : STATUS_OK;
}

enum status restore_thaw_seen_backup(void *arg, const struct backup_object *object, const struct object_info *info,
				     struct error *err)
{
	struct restoration *restoration = arg;
	(void)object, (void)err;
	restoration->archived += info->archived;
	return STATUS_OK;
}

static enum status run(struct restoration *restoration, struct thaw_need *need, struct error *err)
{
	const struct restore_params *params = restoration->params;
	struct repository looks = {0};
	const struct thaw thaw = {
	    .settings = &params->thaw, .console = params->console, .dry_run = params->dry_run, .json = params->json};
	need->lists = &restoration->repo;
	need->looks = &looks;
	need->call = &restoration->call;
	need->coverage = &restoration->coverage;
	need->hashes = params->delta;
	enum status st = repository_join(&looks, &restoration->repo, err);
	if (!st)
		st = thaw_run(&thaw, need, &restoration->stopped, err);
	need->looks = NULL;
	repository_fini(&looks);
	return st;
}

/* The newest usable backup that the options allow, as far as the manifests tell. */
static const struct listed_backup *find_candidate(const struct restoration *restoration)
{
	const struct restore_params *params = restoration->params;
	for (size_t i = restoration->backups.count; i-- > 0;) {
		const struct listed_backup *each = &restoration->backups.items[i];
		if ((params->backup == NULL || strcmp(params->backup, each->label.text) == 0) &&
		    backup_list_is_usable(&restoration->backups, each) && backup_ended_before(each, params->target))
			return each;
	}
	return NULL;
}

/*
 * An archived manifest matters if its backup may be the one to restore, or one that this needs: it is newer than the
 * candidate, or there is no candidate yet.
 */
static bool may_matter(const struct restoration *restoration, const struct listed_backup *each,
		       const struct listed_backup *candidate)
{
	const struct restore_params *params = restoration->params;
	if (!each->complete || each->status != STATUS_EXISTS)
		return false;
	if (params->backup != NULL)
		return candidate == NULL && strcmp(each->label.text, params->backup) <= 0;
	if (params->target->kind == TARGET_TIME && each->label.begun_s * 1000000 > params->target->time_us)
		return false;
	return candidate == NULL || strcmp(each->label.text, candidate->label.text) > 0;
}

enum status restore_thaw_catalog(struct restoration *restoration, bool *again, struct error *err)
{
	struct thaw_names *names = &restoration->archived_names;
	const struct listed_backup *candidate = find_candidate(restoration);
	struct thaw_need need = {.names = names};
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < restoration->backups.count; i++) {
		const struct listed_backup *each = &restoration->backups.items[i];
		char name[BACKUP_OBJECT_NAME_MAX];
		if (!may_matter(restoration, each, candidate))
			continue;
		backup_object_name(name, restoration->system_id, &each->label, PART_MANIFEST, 0);
		st = thaw_names_add(names, name, err);
	}
	if (st || names->count == 0)
		return st;
	st = run(restoration, &need, err);
	*again = !st && !restoration->stopped;
	return st;
}

/*
 * The first segment that the target cannot be in; 0: not known. The records of a moment lie before the start of each
 * backup that began later.
 */
static uint64_t end_of_search(const struct restoration *restoration)
{
	const struct target *target = restoration->params->target;
	uint64_t bytes = restoration->coverage.segment_bytes;
	for (size_t i = 0; target->kind == TARGET_TIME && i < restoration->backups.count; i++) {
		const struct listed_backup *each = &restoration->backups.items[i];
		if (each->status == STATUS_OK && each->complete &&
		    each->label.begun_s * 1000000 > target->time_us + CLOCK_MARGIN_US)
			return each->manifest.start_lsn / bytes + 1;
	}
	return 0;
}

static uint64_t end_of_wal(const struct restoration *restoration, const struct manifest *manifest, uint64_t search_end)
{
	const struct target *target = restoration->params->target;
	uint64_t bytes = restoration->coverage.segment_bytes;
	if (target->kind == TARGET_IMMEDIATE)
		return (manifest->stop_lsn - 1) / bytes + 1;
	if (target->kind == TARGET_LSN)
		return target->lsn / bytes + 2; /* the record at the target may reach into the next one */
	return search_end > 0 ? search_end : UINT64_MAX;
}

/* The content of this backup, and its WAL. The table of packs, if it is readable, says which packs count. */
static enum status thaw_backup(struct restoration *restoration, const struct listed_backup *backup, uint64_t search_end,
			       struct error *err)
{
	const struct manifest *manifest = &backup->manifest;
	const struct thaw_names none = {0};
	struct pack_table table = {0};
	struct error ignored = {0};
	if (pack_table_read(&table, &restoration->repo, &restoration->call, manifest, &ignored))
		pack_table_fini(&table);
	struct thaw_need need = {.names = &none,
				 .manifest = manifest,
				 .table = &table,
				 .first = manifest->start_lsn / restoration->coverage.segment_bytes,
				 .end = end_of_wal(restoration, manifest, search_end)};
	enum status st = run(restoration, &need, err);
	pack_table_fini(&table);
	return st;
}

enum status restore_thaw_and_choose(struct restoration *restoration, const struct choose_params *params,
				    struct error *err)
{
	struct choose_params bounded = *params;
	const struct listed_backup *candidate = restoration->archived == 0 ? NULL : find_candidate(restoration);
	if (candidate == NULL)
		return choose(&restoration->choice, params, err);
	bounded.search_end = end_of_search(restoration);
	bounded.force = params->force && bounded.search_end == 0;
	enum status st = thaw_backup(restoration, candidate, bounded.search_end, err);
	if (st || restoration->stopped)
		return st;
	st = choose(&restoration->choice, &bounded, err);
	/* On a quiet server the transaction behind the target may lie further on. */
	if (st == STATUS_INCOMPLETE && bounded.search_end > 0) {
		choice_fini(&restoration->choice);
		st = thaw_backup(restoration, candidate, 0, err);
		if (!st && !restoration->stopped)
			st = choose(&restoration->choice, params, err);
	}
	if (st || restoration->stopped)
		return st;
	const struct listed_backup *chosen = restoration->choice.branch.backup;
	return chosen == candidate ? STATUS_OK : thaw_backup(restoration, chosen, bounded.search_end, err);
}
