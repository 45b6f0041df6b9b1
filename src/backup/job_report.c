#include <inttypes.h>
#include <stdio.h>

#include "backup/job.h"
#include "base/cleanup.h"
#include "console/measure.h"
#include "console/print.h"

#define CHECK_MS 30000 /* between two looks at the server */

static void show_progress(struct backup_job *job, const struct content_figures *figures)
{
	char done[MEASURE_MAX], total[MEASURE_MAX], rate[MEASURE_MAX], left[MEASURE_MAX];
	int64_t spent_ms = clock_monotonic_ms(job->call->clock) - job->begun_ms;
	uint64_t per_s = spent_ms <= 0 ? 0 : figures->bytes * 1000 / (uint64_t)spent_ms;
	uint64_t rest = job->total_bytes > figures->bytes ? job->total_bytes - figures->bytes : 0;
	uint64_t percent = job->total_bytes == 0 ? 100 : (job->total_bytes - rest) * 100 / job->total_bytes;
	measure_bytes(figures->bytes, done);
	measure_bytes(job->total_bytes, total);
	measure_bytes(per_s, rate);
	measure_seconds(per_s == 0 ? 0 : (int64_t)(rest / per_s), left);
	progress_show(&job->progress, "backup: %" PRIu64 " %%, %s of %s, %s/s, %s left", percent, done, total, rate,
		      left);
}

enum status job_tick(void *arg, const struct content_figures *figures, struct error *err)
{
	struct backup_job *job = arg;
	int64_t now_ms = clock_monotonic_ms(job->call->clock);
	if (progress_is_due(&job->progress))
		show_progress(job, figures);
	if (now_ms - job->checked_ms < CHECK_MS)
		return STATUS_OK;
	job->checked_ms = now_ms;
	return backup_server_check(&job->server, job->call, err);
}

static enum status add_bytes(void *arg, const struct tree_entry *entry, struct error *err)
{
	struct backup_job *job = arg;
	(void)err;
	if (!entry->is_directory)
		job->total_bytes += (uint64_t)entry->info.st_size;
	return STATUS_OK;
}

enum status job_measure(struct backup_job *job, const struct tree_options *tree, struct error *err)
{
	struct tree_options silent = *tree;
	silent.log = NULL; /* the backup's own walk warns */
	return job->progress.fd > 0 ? tree_walk(&silent, add_bytes, job, err) : STATUS_OK;
}

static enum status print_object(const struct backup_job *job, int64_t spent_ms, struct error *err)
{
	const struct manifest *manifest = &job->manifest;
	return print_json(
	    job->console,
	    json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:f}", "kind", "backup", "label",
		      manifest->label.text, "type", backup_type_name(manifest->label.type), "system_id",
		      print_system_id(manifest->system_id), "parent",
		      print_string(job->parent == NULL ? NULL : job->parent->label.text), "begin_time",
		      print_time(manifest->begun), "end_time", print_time(manifest->ended), "files",
		      (json_int_t)manifest->files, "bytes", (json_int_t)manifest->bytes, "changed_bytes",
		      (json_int_t)manifest->changed_bytes, "stored_bytes", (json_int_t)manifest->stored_bytes,
		      "wrong_pages", (json_int_t)manifest->wrong_pages, "took_seconds", (double)spent_ms / 1000),
	    err);
}

static enum status print_line_of_text(const struct backup_job *job, int64_t spent_ms, struct error *err)
{
	const struct manifest *manifest = &job->manifest;
	CLEANUP(buffer_fini) struct buffer text = {0};
	char bytes[MEASURE_MAX], changed[MEASURE_MAX], stored[MEASURE_MAX], ended[UTC_TEXT_SIZE];
	measure_bytes(manifest->bytes, bytes);
	measure_bytes(manifest->changed_bytes, changed);
	measure_bytes(manifest->stored_bytes, stored);
	utc_text(manifest->ended, ended);
	enum status st =
	    buffer_printf(&text, err, "%s  %" PRIu64 " files, %s; ", manifest->label.text, manifest->files, bytes);
	if (!st && job->parent != NULL)
		st = buffer_printf(&text, err, "%s changed since %s, ", changed, job->parent->label.text);
	if (!st)
		st = buffer_printf(&text, err, "%s stored in %.1f s; recovery is possible from %s on\n", stored,
				   (double)spent_ms / 1000, ended);
	return st ? st : print_text(job->console, &text, err);
}

enum status job_report(struct backup_job *job, struct error *err)
{
	const struct manifest *manifest = &job->manifest;
	int64_t spent_ms = clock_monotonic_ms(job->call->clock) - job->begun_ms;
	progress_clear(&job->progress);
	enum status st =
	    job->settings->json ? print_object(job, spent_ms, err) : print_line_of_text(job, spent_ms, err);
	if (st || manifest->wrong_pages == 0)
		return st;
	(void)error_set(
	    err, STATUS_DAMAGED,
	    "the backup is complete, but pages with wrong checksums are in it: %" PRIu64 ", the first is page %s in %s",
	    manifest->wrong_pages, manifest->wrong_page_list.items[0].value, manifest->wrong_page_list.items[0].name);
	return error_hint(err, STATUS_DAMAGED,
			  "the disk or the memory has damaged them: find the relation with pg_filenode_relation, and "
			  "restore it from a backup that was made before the damage");
}
