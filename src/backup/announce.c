#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "backup/job.h"
#include "base/cleanup.h"
#include "catalog/begun.h"
#include "catalog/block_hash.h"
#include "pg/data/checkpoint.h"
#include "text/hex.h"

#define LABEL_TRIES 60 /* of one second each: so many backups can begin at once */

/* Why a newer backup than the parent is not the parent: otherwise the damage shows only in a greater backup. */
static void warn_of_unusable(const struct backup_job *job, const struct listed_backup *parent)
{
	for (size_t i = job->list.count; i > 0 && &job->list.items[i - 1] != parent; i--) {
		const struct listed_backup *newer = &job->list.items[i - 1];
		bool suits = job->settings->type == BACKUP_INCR || newer->label.type == BACKUP_FULL;
		if (suits && newer->complete && newer->status != STATUS_OK)
			log_line(job->call->log, LEVEL_WARNING, "no backup can refer to %s: %s", newer->label.text,
				 newer->error);
	}
}

static enum status choose_parent(struct backup_job *job, struct error *err)
{
	enum backup_type type = job->settings->type;
	enum status st = backup_list_read(&job->list, &job->repo, job->call, job->server.facts.system_id, err);
	if (st)
		return error_wrap(err, st, "look for earlier backups");
	const struct listed_backup *parent = backup_list_parent(&job->list, type);
	if (type != BACKUP_FULL)
		warn_of_unusable(job, parent);
	if (parent == NULL && type != BACKUP_FULL)
		log_line(
		    job->call->log, LEVEL_WARNING,
		    "the repository has no backup that one of type %s can refer to, so this one becomes a full backup",
		    backup_type_name(type));
	job->parent = parent == NULL ? NULL : &parent->manifest;
	return STATUS_OK;
}

/* A full backup begins a chain with a secret of its own. */
static enum status choose_hash_seed(struct backup_job *job, struct error *err)
{
	uint8_t seed[BLOCK_HASH_SEED_BYTES];
	char digits[2 * sizeof seed + 1];
	if (job->parent == NULL) {
		enum status st = random_fill(job->call->random, seed, sizeof seed, err);
		if (st)
			return st;
		hex_encode(digits, seed, sizeof seed);
	}
	job->manifest.hash_seed = strdup(job->parent == NULL ? digits : job->parent->hash_seed);
	return job->manifest.hash_seed == NULL ? error_set(err, STATUS_LOCAL, "out of memory") : STATUS_OK;
}

static enum status list_needs(struct backup_job *job, struct error *err)
{
	enum status st = STATUS_OK;
	if (job->parent == NULL)
		return st;
	for (size_t i = 0; !st && i < job->parent->need_count; i++)
		st = manifest_add_need(&job->manifest, &job->parent->needs[i], err);
	return st ? st : manifest_add_need(&job->manifest, &job->parent->label, err);
}

/* All WAL that the backup needs is behind the last checkpoint, which a standby's backup begins with. */
static uint64_t redo_lsn(const struct backup_job *job)
{
	struct checkpoint checkpoint;
	struct error ignored = {0};
	return checkpoint_read(&checkpoint, job->server.directory, &ignored) ? 0 : checkpoint.redo_lsn;
}

static enum status create_begun(const struct backup_job *job, struct error *err)
{
	char name[BACKUP_OBJECT_NAME_MAX];
	struct call step = call_step(job->call);
	CLEANUP(buffer_fini) struct buffer text = {0};
	struct backup_begun begun = {
	    .label = job->manifest.label, .system_id = job->server.facts.system_id, .redo_lsn = redo_lsn(job)};
	if (job->parent != NULL)
		begun.parent = job->parent->label;
	(void)gethostname(begun.host, sizeof begun.host - 1);
	enum status st = backup_begun_write(&text, &begun, (int)getpid(), err);
	backup_object_name(name, job->server.facts.system_id, &job->manifest.label, PART_BEGUN, 0);
	return st ? st : object_create(&job->repo, &step, name, text.data, text.len, err);
}

/*
 * Behind the parent, and behind every label that is not of a wrong clock: the order of labels is that of the backups,
 * also where several begin in one second.
 */
static int64_t first_free(const struct backup_job *job)
{
	int64_t now_s = clock_utc_s(job->call->clock), begun_s = now_s;
	if (job->parent != NULL && begun_s <= job->parent->label.begun_s)
		begun_s = job->parent->label.begun_s + 1;
	for (size_t i = 0; i < job->list.count; i++) {
		int64_t other_s = job->list.items[i].label.begun_s;
		if (other_s >= begun_s && other_s - now_s <= CLOCK_DRIFT_S)
			begun_s = other_s + 1;
	}
	return begun_s;
}

/* A label that is taken belongs to another backup, which began in the same second. */
static enum status take_label(struct backup_job *job, struct error *err)
{
	enum backup_type type = job->parent == NULL ? BACKUP_FULL : job->settings->type;
	int64_t begun_s = first_free(job);
	job->manifest.begun = clock_utc_s(job->call->clock);
	for (int i = 0; i < LABEL_TRIES; i++, begun_s++) {
		if (!backup_label_make(&job->manifest.label, begun_s, type))
			return error_set(err, STATUS_LOCAL, "the clock shows an impossible year");
		enum status st = create_begun(job, err);
		if (st != STATUS_EXISTS)
			return st;
	}
	return error_set(err, STATUS_CONFLICT, "the labels of the next %d seconds are taken", LABEL_TRIES);
}

enum status job_announce(struct backup_job *job, struct error *err)
{
	enum status st = choose_parent(job, err);
	if (!st)
		st = choose_hash_seed(job, err);
	if (!st)
		st = list_needs(job, err);
	if (!st)
		st = take_label(job, err);
	return st;
}

/* The content of a file may differ although size and times are the same: where the copy's own history is in doubt. */
bool job_must_read_all(const struct backup_job *job)
{
	const struct manifest *parent = job->parent, *manifest = &job->manifest;
	if (parent == NULL || job->settings->read_all)
		return true;
	int64_t full_s = parent->need_count == 0 ? parent->label.begun_s : parent->needs[0].begun_s;
	int64_t now_s = clock_utc_s(job->call->clock);
	struct checkpoint checkpoint;
	struct error ignored = {0};
	if (checkpoint_read(&checkpoint, job->server.directory, &ignored) ||
	    checkpoint.timeline != parent->stop_timeline)
		return true;
	return parent->page_checksums != manifest->page_checksums || parent->from_standby != manifest->from_standby ||
	       strcmp(parent->data_directory, manifest->data_directory) != 0 || now_s < parent->begun ||
	       (now_s - full_s) * 1000 > job->settings->reread_ms;
}
