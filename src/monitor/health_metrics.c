/*
 * walship status as OpenMetrics text (https://openmetrics.io, version 1.0.0). It uses gauges only, which
 * node_exporter's textfile collector understands too.
 */
#include <inttypes.h>
#include <stdio.h>

#include "monitor/health.h"

/* One family with one sample. An unknown value has no sample, so that alerts on absence work. */
struct family {
	const char *name;
	const char *unit; /* suffix of the name; NULL: none */
	const char *help;
	bool known;
	int64_t value;
};

static enum status put_head(struct buffer *out, const struct family *family, struct error *err)
{
	enum status st = buffer_printf(out, err, "# TYPE %s gauge\n", family->name);
	if (!st && family->unit != NULL)
		st = buffer_printf(out, err, "# UNIT %s %s\n", family->name, family->unit);
	return st ? st : buffer_printf(out, err, "# HELP %s %s\n", family->name, family->help);
}

static enum status put(struct buffer *out, const struct health *health, const struct family *family, struct error *err)
{
	if (!family->known)
		return STATUS_OK;
	enum status st = put_head(out, family, err);
	return st ? st
		  : buffer_printf(out, err, "%s{system_id=\"%" PRIu64 "\"} %" PRId64 "\n", family->name,
				  health->system_id, family->value);
}

static enum status put_all(struct buffer *out, const struct health *health, const struct family *families, size_t count,
			   struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < count; i++)
		st = put(out, health, &families[i], err);
	return st;
}

static enum status put_checks(struct buffer *out, const struct health *health, const struct health_report *report,
			      struct error *err)
{
	static const struct family family = {.name = "walship_check_status",
					     .help = "Status of each check: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN."};
	enum status st = put_head(out, &family, err);
	for (size_t i = 0; !st && i < report->count; i++)
		st = buffer_printf(out, err, "%s{system_id=\"%" PRIu64 "\",check=\"%s\"} %d\n", family.name,
				   health->system_id, report->checks[i].name,
				   status_exit_code(health_level_status(report->checks[i].level), EXIT_FOR_MONITOR));
	return st;
}

/* Seconds until the disk is full; +Inf when it is not filling. */
static enum status put_disk_full(struct buffer *out, const struct health *health, struct error *err)
{
	static const struct family family = {
	    .name = "walship_disk_full_in_seconds",
	    .unit = "seconds",
	    .help = "Time until the file system of pg_wal is full at the present rate; +Inf when it is not filling."};
	if (!health->disk_known)
		return STATUS_OK;
	if (health->disk_full_s >= 0) {
		struct family finite = family;
		finite.known = true;
		finite.value = health->disk_full_s;
		return put(out, health, &finite, err);
	}
	enum status st = put_head(out, &family, err);
	return st ? st
		  : buffer_printf(out, err, "%s{system_id=\"%" PRIu64 "\"} +Inf\n", family.name, health->system_id);
}

static enum status put_backups(struct buffer *out, const struct health *health, struct error *err)
{
	const struct health_backup *backup = &health->backup;
	bool backed_up = backup->known && backup->newest.text[0] != '\0';
	bool backed_up_full = backup->known && backup->full.text[0] != '\0';
	int64_t backup_age_s, full_age_s;
	bool backup_age_known = backed_up && clock_age(health->now_s, backup->newest_s, &backup_age_s);
	bool full_age_known = backed_up_full && clock_age(health->now_s, backup->full_s, &full_age_s);
	const struct family families[] = {
	    {"walship_newest_backup_timestamp_seconds", "seconds", "Time at which the newest base backup ended.",
	     backed_up, backup->newest_s},
	    {"walship_newest_backup_age_seconds", "seconds", "Age of the newest base backup.", backup_age_known,
	     backup_age_known ? backup_age_s : 0},
	    {"walship_newest_full_backup_timestamp_seconds", "seconds",
	     "Time at which the newest full base backup ended.", backed_up_full, backup->full_s},
	    {"walship_newest_full_backup_age_seconds", "seconds", "Age of the newest full base backup.", full_age_known,
	     full_age_known ? full_age_s : 0},
	    {"walship_backup_unfinished", NULL,
	     "Base backups that began after the newest finished one and have not finished; one may be running.",
	     backed_up, (int64_t)backup->unfinished},
	    {"walship_backup_wrong_pages", NULL, "Pages with a wrong checksum in the newest base backups.", backed_up,
	     (int64_t)backup->wrong_pages},
	};
	return put_all(out, health, families, sizeof families / sizeof families[0], err);
}

static enum status put_dump(struct buffer *out, const struct health *health, struct error *err)
{
	const struct health_dump *dump = &health->dump;
	bool some = dump->known && dump->newest.label.text[0] != '\0';
	int64_t age_s;
	bool age_known = some && clock_age(health->now_s, dump->newest.stored_s, &age_s);
	const struct family families[] = {
	    {"walship_newest_dump_timestamp_seconds", "seconds", "Time at which the newest dump was stored.", some,
	     dump->newest.stored_s},
	    {"walship_newest_dump_age_seconds", "seconds", "Age of the newest dump.", age_known, age_known ? age_s : 0},
	    {"walship_dump_unfinished", NULL,
	     "Dumps that began after the newest finished one and have not finished; one may be running.", some,
	     (int64_t)dump->newest.unfinished},
	};
	return put_all(out, health, families, sizeof families / sizeof families[0], err);
}

static enum status put_drill(struct buffer *out, const struct health *health, struct error *err)
{
	const struct health_drill *drill = &health->drill;
	const struct drill_record *record = &drill->record;
	int64_t age_s;
	bool age_known = drill->found && clock_age(health->now_s, record->begun_s, &age_s);
	const struct family families[] = {
	    {"walship_drill_timestamp_seconds", "seconds", "Time at which the newest drill began.", drill->found,
	     record->begun_s},
	    {"walship_drill_age_seconds", "seconds", "Age of the newest drill.", age_known, age_known ? age_s : 0},
	    {"walship_drill_ok", NULL, "Whether the recovery of the newest drill worked.", drill->found, record->ok},
	    {"walship_drill_rpo_seconds", "seconds",
	     "From the newest transaction that the newest drill recovered to the beginning of that drill.",
	     drill->found && record->rpo_s >= 0, record->rpo_s},
	    {"walship_drill_rto_seconds", "seconds",
	     "From the beginning of the newest drill until the databases were open, rounded up.",
	     drill->found && record->rto_s >= 0, (int64_t)record->rto_s + 1},
	};
	return put_all(out, health, families, sizeof families / sizeof families[0], err);
}

static int64_t succeeded_s(const struct health_task *task)
{
	return task->succeeded_s;
}

static int64_t due_s(const struct health_task *task)
{
	return task->due_s == INT64_MAX ? 0 : task->due_s;
}

static int64_t failed(const struct health_task *task)
{
	return task->failures;
}

static enum status put_schedule(struct buffer *out, const struct health *health, struct error *err)
{
	static const struct {
		struct family family;
		int64_t (*value)(const struct health_task *task);
		bool is_time; /* 0: unknown */
	} rows[] = {
	    {{"walship_task_success_timestamp_seconds", "seconds",
	      "Time at which the last successful run of a scheduled task began.", true, 0},
	     succeeded_s,
	     true},
	    {{"walship_task_due_timestamp_seconds", "seconds", "First due time that no run of the task has met.", true,
	      0},
	     due_s,
	     true},
	    {{"walship_task_failures", NULL, "Consecutive failed runs of a scheduled task.", true, 0}, failed, false},
	};
	const struct health_schedule *schedule = health->schedule;
	enum status st = STATUS_OK;
	for (size_t row = 0; schedule != NULL && schedule->count > 0 && row < sizeof rows / sizeof rows[0]; row++) {
		st = st ? st : put_head(out, &rows[row].family, err);
		for (size_t i = 0; !st && i < schedule->count; i++) {
			int64_t value = rows[row].value(&schedule->tasks[i]);
			if (value != 0 || !rows[row].is_time)
				st = buffer_printf(out, err, "%s{system_id=\"%" PRIu64 "\",task=\"%s\"} %" PRId64 "\n",
						   rows[row].family.name, health->system_id, schedule->tasks[i].name,
						   value);
		}
	}
	return st;
}

static enum status put_stream(struct buffer *out, const struct health *health, struct error *err)
{
	const struct stream_note *stream = &health->stream;
	struct stream_lag lag = stream_note_lag(stream, health->now_s);
	const struct family families[] = {
	    {"walship_stream_behind_bytes", "bytes",
	     "WAL that the server has written and walship stream has not stored.", true, (int64_t)lag.bytes},
	    {"walship_stream_behind_seconds", "seconds", "Age of the oldest WAL that walship stream has not stored.",
	     lag.known, lag.s},
	    {"walship_stream_connected", NULL, "1 while walship stream is connected to the server.", true,
	     stream->connected && health->now_s - stream->written_s <= STREAM_NOTE_STALE_S},
	};
	return health->streamed ? put_all(out, health, families, sizeof families / sizeof families[0], err) : STATUS_OK;
}

static int64_t mirror_succeeded_s(const struct mirror_note *note)
{
	return note->succeeded_s;
}

static int64_t mirror_objects(const struct mirror_note *note)
{
	return (int64_t)note->behind_objects;
}

static int64_t mirror_bytes(const struct mirror_note *note)
{
	return (int64_t)note->behind_bytes;
}

static int64_t mirror_failures(const struct mirror_note *note)
{
	return (int64_t)note->failures;
}

/* In a label's value a backslash and a quote are escaped. */
static enum status put_escaped(struct buffer *out, const char *text, struct error *err)
{
	enum status st = STATUS_OK;
	for (; !st && *text != '\0'; text++)
		st = buffer_printf(out, err, "%s%c", *text == '\\' || *text == '"' ? "\\" : "", *text);
	return st;
}

static enum status put_mirror(struct buffer *out, const struct health *health, const struct family *family,
			      const struct health_mirror *mirror, int64_t value, struct error *err)
{
	enum status st =
	    buffer_printf(out, err, "%s{system_id=\"%" PRIu64 "\",mirror=\"", family->name, health->system_id);
	if (!st)
		st = put_escaped(out, mirror->url, err);
	return st ? st : buffer_printf(out, err, "\"} %" PRId64 "\n", value);
}

static enum status put_mirrors(struct buffer *out, const struct health *health, struct error *err)
{
	static const struct {
		struct family family;
		int64_t (*value)(const struct mirror_note *note);
		bool is_time; /* 0: unknown */
	} rows[] = {
	    {{"walship_mirror_success_timestamp_seconds", "seconds",
	      "Time at which the last successful run of walship mirror to this copy began.", true, 0},
	     mirror_succeeded_s,
	     true},
	    {{"walship_mirror_behind_objects", NULL, "Objects that the copy lacked when the last run ended.", true, 0},
	     mirror_objects,
	     false},
	    {{"walship_mirror_behind_bytes", "bytes", "Size of these objects.", true, 0}, mirror_bytes, false},
	    {{"walship_mirror_failures", NULL, "Consecutive failed runs of walship mirror to this copy.", true, 0},
	     mirror_failures,
	     false},
	};
	const struct health_mirrors *mirrors = health->mirrors;
	enum status st = STATUS_OK;
	for (size_t row = 0; mirrors != NULL && mirrors->count > 0 && row < sizeof rows / sizeof rows[0]; row++) {
		st = st ? st : put_head(out, &rows[row].family, err);
		for (size_t i = 0; !st && i < mirrors->count; i++) {
			const struct health_mirror *mirror = &mirrors->items[i];
			int64_t value = rows[row].value(&mirror->note);
			if (mirror->note.ended_s != 0 && (value != 0 || !rows[row].is_time))
				st = put_mirror(out, health, &rows[row].family, mirror, value, err);
		}
	}
	return st;
}

static enum status put_rest(struct buffer *out, const struct health *health, const struct health_report *report,
			    struct error *err)
{
	enum status st = put_backups(out, health, err);
	if (!st)
		st = put_dump(out, health, err);
	if (!st)
		st = put_drill(out, health, err);
	if (!st)
		st = put_schedule(out, health, err);
	if (!st)
		st = put_stream(out, health, err);
	if (!st)
		st = put_mirrors(out, health, err);
	if (!st)
		st = put_disk_full(out, health, err);
	if (!st)
		st = put_checks(out, health, report, err);
	return st ? st : buffer_printf(out, err, "# EOF\n");
}

enum status health_metrics(struct buffer *out, const struct health *health, const struct health_report *report,
			   struct error *err)
{
	const struct health_archive *archive = &health->archive;
	const struct pending *pending = &health->pending;
	const struct failures *failures = &health->failures;
	bool some = archive->known && archive->newest.text[0] != '\0';
	int64_t newest_age_s, oldest_age_s, failing_s;
	bool newest_age_known = some && clock_age(health->now_s, archive->newest_s, &newest_age_s);
	bool oldest_age_known = health->pending_known &&
				(pending->files == 0 || clock_age(health->now_s, pending->oldest_s, &oldest_age_s));
	bool since_known =
	    health->spool_known && failures->count > 0 && clock_age(health->now_s, failures->since_s, &failing_s);
	const struct family families[] = {
	    {"walship_status", NULL, "Worst status of all checks: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.", true,
	     status_exit_code(health_level_status(report->level), EXIT_FOR_MONITOR)},
	    {"walship_looked_timestamp_seconds", "seconds", "Time of this report.", true, health->now_s},
	    {"walship_repository_reachable", NULL, "Whether the repository could be read.", true, archive->known},
	    {"walship_newest_segment_timestamp_seconds", "seconds", "Time at which the newest segment was stored.",
	     some, archive->newest_s},
	    {"walship_newest_segment_age_seconds", "seconds", "Age of the newest segment.", newest_age_known,
	     newest_age_known ? newest_age_s : 0},
	    {"walship_missing_segments", NULL, "Missing segments among the newest ones.", archive->coverage_known,
	     (int64_t)archive->missing},
	    {"walship_restorable_timestamp_seconds", "seconds", "Latest time to which recovery is possible.",
	     archive->restorable_s != 0, archive->restorable_s},
	    {"walship_growth_bytes", "bytes", "Bytes of WAL, base backups and dumps stored in the last 24 hours.",
	     archive->known, (int64_t)health_growth_bytes(health)},
	    {"walship_ready_files", NULL, "Files waiting to be archived.", health->pending_known,
	     (int64_t)pending->files},
	    {"walship_ready_bytes", "bytes", "Total size of the files waiting to be archived.", health->pending_known,
	     (int64_t)pending->bytes},
	    {"walship_ready_oldest_age_seconds", "seconds",
	     "Age of the oldest file waiting to be archived; 0 when none waits.", oldest_age_known,
	     oldest_age_known && pending->files > 0 ? oldest_age_s : 0},
	    {"walship_push_failures", NULL, "Consecutive failed pushes; 0 when the last push succeeded.",
	     health->spool_known, (int64_t)failures->count},
	    {"walship_push_failing_since_timestamp_seconds", "seconds",
	     "Time of the first of the consecutive failures.", since_known, failures->since_s},
	    {"walship_disk_free_bytes", "bytes", "Free space of the file system of pg_wal.", health->disk_known,
	     (int64_t)health->disk_free},
	    {"walship_disk_total_bytes", "bytes", "Size of the file system of pg_wal.", health->disk_known,
	     (int64_t)health->disk_total},
	    {"walship_server_running", NULL, "Whether the server's process is visible.", health->local,
	     health->running},
	};
	enum status st = put_all(out, health, families, sizeof families / sizeof families[0], err);
	return st ? st : put_rest(out, health, report, err);
}
