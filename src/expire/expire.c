#include "expire/expire.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "expire/cluster.h"
#include "expire/expiry.h"
#include "expire/unfinished.h"
#include "expire/wal_note.h"

#define DAY_S 86400

static enum status check_rules(const struct expire_params *params, struct error *err)
{
	const struct retention *rules = &params->rules;
	if (rules->full != 0 || rules->diff != 0 || rules->days != 0 || rules->wal_days != 0 ||
	    params->dumps.count != 0 || params->dumps.days != 0)
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "no retention option is set, so nothing says what may be removed");
	return error_hint(err, STATUS_USAGE,
			  "set retention-full, retention-days, retention-diff, retention-wal-days, retention-dump or "
			  "retention-dump-days, such as retention-full = 4");
}

/* The ages are those of objects, so the store's clock counts. */
static enum status find_now(struct expiry *expiry, struct error *err)
{
	const struct call step = call_step(expiry->params->call);
	struct store *store = expiry->repo.store;
	int64_t clock_s = -1;
	enum status st = store_can(store, STORE_REACHES) ? store_reach(store, &step, &clock_s, err) : STATUS_OK;
	expiry->rules.now_s = clock_s < 0 ? clock_utc_s(step.clock) : clock_s;
	return st;
}

static enum status open(struct expiry *expiry, struct error *err)
{
	const struct expire_params *params = expiry->params;
	enum status st = expire_cluster(&params->cluster, &expiry->system_id, err);
	if (!st)
		st = repository_open(&expiry->repo, params->settings, params->call, err);
	if (!st)
		st = repository_join(&expiry->removes, &expiry->repo, err);
	if (!st)
		st = find_now(expiry, err);
	if (st)
		return st;
	log_about_system(params->call->log, expiry->system_id);
	expiry->removal = (struct removal){
	    .lists = &expiry->repo, .removes = &expiry->removes, .call = params->call, .system_id = expiry->system_id};
	return STATUS_OK;
}

/* A directory may be left of a backup that was removed: only the manifest counts, which need not be opened. */
static enum status keep_if_there(struct expiry *expiry, size_t i, const struct repository *original, struct error *err)
{
	char name[BACKUP_OBJECT_NAME_MAX];
	struct object_info info;
	const struct call step = call_step(expiry->params->call);
	struct error missing = {0};
	backup_object_name(name, expiry->system_id, &expiry->list.items[i].label, PART_MANIFEST, 0);
	enum status st = store_stat(original->store, &step, name, &info, &missing);
	if (st == STATUS_OK)
		expiry->verdicts[i].reasons |= reason_bit(REASON_ORIGINAL);
	if (st && st != STATUS_MISSING)
		*err = missing;
	return st == STATUS_MISSING ? STATUS_OK : st;
}

/* Otherwise the next run of mirror would copy it anew. */
static enum status keep_originals(struct expiry *expiry, struct error *err)
{
	const struct expire_params *params = expiry->params;
	CLEANUP(repository_fini) struct repository original = {0};
	struct repository_settings settings = *params->original;
	settings.key_count = 0;
	settings.encrypt = false;
	enum status st = repository_open(&original, &settings, params->call, err);
	for (size_t i = 0; !st && i < expiry->list.count; i++)
		st = keep_if_there(expiry, i, &original, err);
	if (!st)
		st = dump_expiry_keep_originals(&expiry->dumps, &original, params->call, expiry->system_id, err);
	if (!st)
		retention_keep_needed(&expiry->list, expiry->unfinished, expiry->verdicts);
	return st;
}

static enum status decide(struct expiry *expiry, struct error *err)
{
	const struct call *call = expiry->params->call;
	enum status st = backup_list_read(&expiry->list, &expiry->repo, call, expiry->system_id, err);
	if (!st)
		st = unfinished_look(&expiry->unfinished, &expiry->list, &expiry->repo, call, expiry->system_id, err);
	if (st)
		return st;
	expiry->verdicts = calloc(expiry->list.count + 1, sizeof *expiry->verdicts);
	expiry->removed = calloc(expiry->list.count + 1, sizeof *expiry->removed);
	if (expiry->verdicts == NULL || expiry->removed == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	retention_decide(&expiry->list, expiry->unfinished, &expiry->rules, expiry->verdicts);
	expiry->wal_is_due = wal_note_holds(expiry->params->settings, expiry->system_id, &expiry->list);
	return STATUS_OK;
}

static enum status decide_dumps(struct expiry *expiry, struct error *err)
{
	struct dump_rules rules = expiry->params->dumps;
	rules.now_s = expiry->rules.now_s;
	rules.silence_s = expiry->rules.silence_s;
	return dump_expiry_decide(&expiry->dumps, &expiry->repo, expiry->params->call, expiry->system_id, &rules, err);
}

static void count_planned(struct expiry *expiry)
{
	for (size_t i = 0; i < expiry->list.count; i++)
		if (expiry->verdicts[i].reasons == 0) {
			expiry->backups += expiry->list.items[i].complete;
			expiry->leftovers += !expiry->list.items[i].complete;
		}
	expiry->wal_is_due |= expiry->backups > 0;
	dump_expiry_count(&expiry->dumps);
}

/* WAL goes after a backup, or by its own option: the first backup of an old archive is no reason to remove WAL. */
static enum wal_kept keep_wal(struct expiry *expiry)
{
	static const enum wal_kept kinds[] = {[WAL_FLOOR_KNOWN] = WAL_KEPT_NO,
					      [WAL_FLOOR_NO_BACKUP] = WAL_KEPT_NO_BACKUP,
					      [WAL_FLOOR_UNKNOWN_START] = WAL_KEPT_UNKNOWN_START,
					      [WAL_FLOOR_SIZES] = WAL_KEPT_SIZES};
	if (expiry->disturbed)
		return WAL_KEPT_DISTURBED;
	expiry->floor = wal_floor_of(&expiry->list, expiry->unfinished, expiry->verdicts);
	if (expiry->floor.kind != WAL_FLOOR_NO_BACKUP && !expiry->wal_is_due && expiry->rules.wal_days == 0)
		return WAL_KEPT_NOTHING_WENT;
	return kinds[expiry->floor.kind];
}

static enum status remove_wal(struct expiry *expiry, struct error *err)
{
	int64_t days_s = (int64_t)expiry->rules.wal_days * DAY_S;
	enum status st = expiry->params->dry_run ? STATUS_OK : expiry_look_for_new(expiry, err);
	if (st)
		return st;
	expiry->wal_kept = keep_wal(expiry);
	expiry->wal = (struct wal_removal){.removal = &expiry->removal,
					   .floor = &expiry->floor,
					   .until_s = days_s == 0 ? INT64_MAX : expiry->rules.now_s - days_s,
					   .dry_run = expiry->params->dry_run};
	if (expiry->wal_kept != WAL_KEPT_NO)
		return STATUS_OK;
	st = wal_removal_run(&expiry->wal, err);
	if (!st && !expiry->wal.refused && !expiry->params->dry_run)
		wal_note_remove(expiry->params->settings, expiry->system_id);
	return st;
}

static enum status clear_uploads(struct expiry *expiry, struct error *err)
{
	expiry->uploads = (struct expire_uploads){.repo = &expiry->repo,
						  .call = expiry->params->call,
						  .system_id = expiry->system_id,
						  .until_s = expiry->rules.now_s - expiry->rules.silence_s,
						  .dry_run = expiry->params->dry_run};
	return expire_uploads_run(&expiry->uploads, err);
}

static enum status conclude(const struct expiry *expiry, struct error *err)
{
	uint64_t damaged = 0;
	for (size_t i = 0; i < expiry->list.count; i++)
		damaged += expiry->list.items[i].status == STATUS_DAMAGED;
	if (damaged == 0)
		return STATUS_OK;
	(void)error_set(err, STATUS_DAMAGED, "%" PRIu64 " manifest%s cannot be opened", damaged,
			damaged == 1 ? "" : "s");
	return error_hint(
	    err, STATUS_DAMAGED,
	    "so the backups before it and all WAL stay: add a missing key as a further cipher-key-file, or "
	    "remove the backup with walship backup remove");
}

static enum status run(struct expiry *expiry, struct error *err)
{
	enum status st = open(expiry, err);
	if (!st)
		st = decide(expiry, err);
	if (!st)
		st = decide_dumps(expiry, err);
	if (!st && expiry->params->original != NULL)
		st = keep_originals(expiry, err);
	if (!st)
		st = expiry_show_backups(expiry, err);
	if (!st)
		st = dump_expiry_show(&expiry->dumps, expiry->params->console, expiry->system_id, expiry->params->json,
				      err);
	if (!st && expiry->params->dry_run)
		count_planned(expiry);
	else if (!st)
		st = expiry_remove(expiry, err);
	if (!st && !expiry->params->dry_run)
		st = dump_expiry_remove(&expiry->dumps, &expiry->removal, err);
	if (!st)
		st = remove_wal(expiry, err);
	if (!st)
		st = clear_uploads(expiry, err);
	if (!st)
		st = expiry_show_rest(expiry, err);
	return st ? st : conclude(expiry, err);
}

enum status expire_run(const struct expire_params *params, struct error *err)
{
	struct expiry expiry = {.params = params, .rules = params->rules};
	enum status st = check_rules(params, err);
	if (!st)
		st = run(&expiry, err);
	wal_removal_fini(&expiry.wal);
	dump_expiry_fini(&expiry.dumps);
	removal_fini(&expiry.removal);
	free(expiry.unfinished);
	free(expiry.verdicts);
	free(expiry.removed);
	backup_list_fini(&expiry.list);
	repository_fini(&expiry.removes);
	repository_fini(&expiry.repo);
	return st;
}
