#include "backup/backup.h"

#include <string.h>

#include "backup/job.h"
#include "backup/wal_wait.h"
#include "base/cleanup.h"
#include "pg/data/control_file.h"
#include "repo/placement.h"
#include "sys/priority.h"
#include "text/hex.h"

#define FIXED_BYTES (20UL * 1024 * 1024)      /* libraries, batches, the parent's index, the series */
#define THREAD_BYTES (4UL * 1024 * 1024)      /* a frame's content, the same arranged, the frame, and its compressor */
#define PACK_MARGIN_BYTES (3UL * 1024 * 1024) /* a pack exceeds its size by a frame, and each has a connection */
#define PACK_LEAST_BYTES (1024UL * 1024)

static enum status connect_server(struct backup_job *job, struct error *err)
{
	struct call step = call_step(job->call);
	enum status st = include_init(&job->include, job->settings->include, job->settings->include_count, err);
	for (size_t i = 0; !st && i < job->include.count; i++)
		st = placement_check_included(job->settings->repository, job->include.paths[i], err);
	if (!st)
		st = repository_open(&job->repo, job->settings->repository, &step, err);
	if (!st)
		st = backup_server_open(&job->server, &job->settings->server, job->call, err);
	if (!st)
		st = placement_check_repository(job->settings->repository, job->server.directory, err);
	if (!st)
		log_about_system(job->call->log, job->server.facts.system_id);
	return st;
}

static enum status begin(struct backup_job *job, struct error *err)
{
	struct call step = call_step(job->call);
	/* The checkpoint takes its time; the call's own limit counts. */
	enum status st = postgres_limit(job->server.postgres, &step, call_left_ms(&step), err);
	if (!st)
		st = online_backup_begin(&job->online, job->server.postgres, &step, &job->server.facts,
					 job->manifest.label.text, job->settings->fast_start, err);
	if (!st)
		st = postgres_limit(job->server.postgres, &step, POSTGRES_STATEMENT_MS, err);
	job->checked_ms = clock_monotonic_ms(job->call->clock);
	return st ? error_wrap(err, st, "begin the backup") : STATUS_OK;
}

/* Divides the memory among the packs that are open at once. */
static void share_memory(const struct backup_settings *settings, struct content_settings *out)
{
	unsigned threads = settings->threads > 0 ? settings->threads : 1;
	uint64_t fixed = FIXED_BYTES + threads * THREAD_BYTES;
	uint64_t left = settings->memory_bytes > fixed ? settings->memory_bytes - fixed : 0;
	uint64_t most = threads * 2UL; /* one is filled and one is finished by each thread */
	uint64_t least = threads + 1UL;
	out->pack_bytes = settings->pack_bytes;
	out->packs = (size_t)most;
	if (!settings->holds_packs)
		return;
	uint64_t fit = left / (out->pack_bytes + PACK_MARGIN_BYTES);
	out->packs = (size_t)(fit > most ? most : fit < least ? least : fit);
	uint64_t share = left / out->packs;
	if (share < out->pack_bytes + PACK_MARGIN_BYTES)
		out->pack_bytes =
		    share > PACK_LEAST_BYTES + PACK_MARGIN_BYTES ? share - PACK_MARGIN_BYTES : PACK_LEAST_BYTES;
}

/* On a standby its minRecoveryPoint says from where on the copy is consistent: it must be the last file. */
static enum status copy_control_file(struct backup_job *job, struct error *err)
{
	uint8_t content[CONTROL_FILE_BYTES];
	size_t len = sizeof content;
	enum status st = control_file_read(job->server.directory_fd, content, err);
	if (st)
		return st;
	while (len > 0 && content[len - 1] == 0)
		len--;
	job->manifest.pg_control = malloc(2 * len + 1);
	if (job->manifest.pg_control == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	hex_encode(job->manifest.pg_control, content, len);
	job->manifest.files++;
	job->manifest.bytes += CONTROL_FILE_BYTES;
	return STATUS_OK;
}

static enum status end_on_server(struct backup_job *job, struct error *err)
{
	struct call step = call_step(job->call);
	struct manifest *manifest = &job->manifest;
	const struct online_backup *online = &job->online;
	enum status st = backup_server_check(&job->server, job->call, err);
	if (!st)
		st = online_backup_end(&job->online, job->server.postgres, &step, &job->server.facts, err);
	if (!st)
		st = backup_server_check_timeline(&job->server, job->call, online->start_timeline, err);
	if (st)
		return error_wrap(err, st, "end the backup");
	manifest->ended = clock_utc_s(job->call->clock);
	manifest->start_timeline = manifest->stop_timeline = online->start_timeline;
	manifest->start_lsn = online->start_lsn;
	manifest->checkpoint_lsn = online->checkpoint_lsn;
	manifest->stop_lsn = online->stop_lsn;
	manifest->backup_label = strdup(online->backup_label);
	manifest->tablespace_map = strdup(online->tablespace_map);
	return manifest->backup_label == NULL || manifest->tablespace_map == NULL
		   ? error_set(err, STATUS_LOCAL, "out of memory")
		   : STATUS_OK;
}

static enum status wait_for_wal(struct backup_job *job, struct error *err)
{
	const struct wal_wait wait = {.repo = &job->repo,
				      .call = job->call,
				      .manifest = &job->manifest,
				      .server = &job->server,
				      .progress = &job->progress,
				      .timeout_ms = job->settings->wal_timeout_ms};
	return wal_wait(&wait, err);
}

static enum status end(void *arg, struct error *err)
{
	struct backup_job *job = arg;
	enum status st = copy_control_file(job, err);
	return st ? st : end_on_server(job, err);
}

static enum status store_content(struct backup_job *job, struct error *err)
{
	const struct backup_settings *settings = job->settings;
	struct content_settings content = {
	    .repo = &job->repo,
	    .call = job->call,
	    .tree = {.data_directory = job->server.directory,
		     .tablespace_version = job->server.tablespace_version,
		     .log = job->call->log},
	    .directory = job->server.directory_fd,
	    .include = &job->include,
	    .start_lsn = job->online.start_lsn,
	    .parent = job->parent,
	    .read_all = job_must_read_all(job),
	    .threads = settings->threads,
	    .rate = settings->rate,
	    .object = settings->object,
	    .tick = job_tick,
	    .all_read = end,
	    .arg = job,
	};
	share_memory(settings, &content);
	enum status st = job_measure(job, &content.tree, err);
	return st ? st : content_store(&content, &job->manifest, err);
}

/* A parent that was removed meanwhile took content with it that the index refers to. */
static enum status check_needs(struct backup_job *job, struct error *err)
{
	for (size_t i = 0; i < job->manifest.need_count; i++) {
		char name[BACKUP_OBJECT_NAME_MAX];
		struct object_info info;
		struct call step = call_step(job->call);
		backup_object_name(name, job->manifest.system_id, &job->manifest.needs[i], PART_MANIFEST, 0);
		enum status st = store_stat(job->repo.store, &step, name, &info, err);
		if (st == STATUS_MISSING) {
			(void)error_set(err, STATUS_CONFLICT,
					"backup %s, which this one refers to, was removed meanwhile",
					job->manifest.needs[i].text);
			return error_hint(err, STATUS_CONFLICT, "run walship backup again");
		}
		if (st)
			return st;
	}
	return STATUS_OK;
}

static enum status store_manifest(struct backup_job *job, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	char name[BACKUP_OBJECT_NAME_MAX];
	struct call step = call_step(job->call);
	struct object_settings settings = job->settings->object;
	settings.threads = 1;
	backup_object_name(name, job->manifest.system_id, &job->manifest.label, PART_MANIFEST, 0);
	enum status st = manifest_write(&text, &job->manifest, err);
	return st ? st : object_create_with(&job->repo, &step, name, &settings, text.data, text.len, err);
}

static enum status make(struct backup_job *job, struct error *err)
{
	enum status st = connect_server(job, err);
	if (!st)
		st = backup_server_describe(&job->server, job->call, &job->manifest, err);
	if (!st)
		st = job_announce(job, err);
	if (!st)
		st = begin(job, err);
	if (!st)
		st = store_content(job, err);
	if (!st)
		st = wait_for_wal(job, err);
	if (!st)
		st = check_needs(job, err);
	return st ? st : store_manifest(job, err);
}

enum status backup_run(const struct backup_settings *settings, const struct console *console, struct error *err)
{
	struct backup_job job = {.settings = settings,
				 .console = console,
				 .call = console->call,
				 .server = {.directory_fd = -1},
				 .begun_ms = clock_monotonic_ms(console->call->clock)};
	priority_lower();
	progress_begin(&job.progress, console->terminal_fd, console->call->clock);
	enum status st = make(&job, err);
	progress_clear(&job.progress);
	if (!st)
		st = job_report(&job, err);
	online_backup_fini(&job.online);
	include_fini(&job.include);
	backup_server_fini(&job.server);
	manifest_fini(&job.manifest);
	backup_list_fini(&job.list);
	repository_fini(&job.repo);
	return st;
}
