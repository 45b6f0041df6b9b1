/*
 * walship status as OpenMetrics text (https://openmetrics.io, version 1.0.0). Gauges only, which the format of
 * node_exporter's textfile collector has, too.
 */
#include <inttypes.h>
#include <stdio.h>

#include "monitor/health.h"

/* One family with one sample. A value that is not known is no sample: an alert on absence tells. */
struct family {
	const char *name;
	const char *unit; /* what its name ends in; NULL: none */
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

static enum status put_checks(struct buffer *out, const struct health *health, const struct health_report *report,
			      struct error *err)
{
	static const struct family family = {.name = "walship_check_status",
					     .help = "What each check says: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN."};
	enum status st = put_head(out, &family, err);
	for (size_t i = 0; !st && i < HEALTH_CHECK_COUNT; i++)
		st = buffer_printf(out, err, "%s{system_id=\"%" PRIu64 "\",check=\"%s\"} %d\n", family.name,
				   health->system_id, report->checks[i].name,
				   status_exit_code(health_level_status(report->checks[i].level), EXIT_FOR_MONITOR));
	return st;
}

/* Seconds until the disk is full: infinite where it does not fill. */
static enum status put_disk_full(struct buffer *out, const struct health *health, struct error *err)
{
	static const struct family family = {
	    .name = "walship_disk_full_in_seconds",
	    .unit = "seconds",
	    .help = "Until the file system of pg_wal is full, at the present rate; +Inf when it does not fill."};
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
	    {"walship_status", NULL, "The worst of the checks: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.", true,
	     status_exit_code(health_level_status(report->level), EXIT_FOR_MONITOR)},
	    {"walship_looked_timestamp_seconds", "seconds", "When all this was looked at.", true, health->now_s},
	    {"walship_repository_reachable", NULL, "Whether the repository could be looked at.", true, archive->known},
	    {"walship_newest_segment_timestamp_seconds", "seconds", "When the newest segment was stored.", some,
	     archive->newest_s},
	    {"walship_newest_segment_age_seconds", "seconds", "For how long the newest segment has been stored.",
	     newest_age_known, newest_age_known ? newest_age_s : 0},
	    {"walship_missing_segments", NULL, "Segments that are missing among the newest ones.",
	     archive->coverage_known, (int64_t)archive->missing},
	    {"walship_restorable_timestamp_seconds", "seconds", "Up to when can be recovered.",
	     archive->restorable_s != 0, archive->restorable_s},
	    {"walship_ready_files", NULL, "Files that wait to be archived.", health->pending_known,
	     (int64_t)pending->files},
	    {"walship_ready_bytes", "bytes", "What they have together.", health->pending_known,
	     (int64_t)pending->bytes},
	    {"walship_ready_oldest_age_seconds", "seconds",
	     "For how long the first of them has waited; 0 when none does.", oldest_age_known,
	     oldest_age_known && pending->files > 0 ? oldest_age_s : 0},
	    {"walship_push_failures", NULL, "Pushes in a row that have failed; 0 when the last one succeeded.",
	     health->spool_known, (int64_t)failures->count},
	    {"walship_push_failing_since_timestamp_seconds", "seconds", "When the first of them failed.", since_known,
	     failures->since_s},
	    {"walship_disk_free_bytes", "bytes", "What the file system of pg_wal has free.", health->disk_known,
	     (int64_t)health->disk_free},
	    {"walship_disk_total_bytes", "bytes", "What it has in all.", health->disk_known,
	     (int64_t)health->disk_total},
	    {"walship_server_running", NULL, "Whether PostgreSQL runs, as far as can be seen.", health->local,
	     health->running},
	};
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < sizeof families / sizeof families[0]; i++)
		st = put(out, health, &families[i], err);
	if (!st)
		st = put_disk_full(out, health, err);
	if (!st)
		st = put_checks(out, health, report, err);
	return st ? st : buffer_printf(out, err, "# EOF\n");
}
