/* walship status, for people and as JSON: doc/status.md. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "command/health.h"
#include "command/print.h"

static const char *const marks[HEALTH_LEVEL_COUNT] = {"✓", "!", "?", "✗"};

/* The first of the worst. */
static const struct health_check *worst(const struct health_report *report)
{
	for (size_t i = 0; i < HEALTH_CHECK_COUNT; i++)
		if (report->checks[i].level == report->level)
			return &report->checks[i];
	return &report->checks[0];
}

static enum status print_check(struct buffer *out, const struct health_check *check, struct error *err)
{
	enum status st = buffer_printf(out, err, "%s %-8s %s\n", marks[check->level], check->name, check->text);
	return st || check->hint[0] == '\0' ? st : buffer_printf(out, err, "  %-8s hint: %s\n", "", check->hint);
}

static enum status print_notified(struct buffer *out, const struct notified *notified, struct error *err)
{
	char when[UTC_TEXT_SIZE];
	if (notified->at_s == 0)
		return STATUS_OK;
	utc_text(notified->at_s, when);
	return buffer_printf(out, err, "  %-8s last run %s (%s): %s\n", "notify", when,
			     notified->failing ? "failing" : "working",
			     notified->result[0] == '\0' ? "no result yet" : notified->result);
}

enum status health_print_text(const struct health *health, const struct health_report *report,
			      const struct command_context *context, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer out = {0};
	enum status st =
	    buffer_printf(&out, err, "walship %s: %s\n", health_level_name(report->level), worst(report)->text);
	for (size_t i = 0; !st && i < HEALTH_CHECK_COUNT; i++)
		st = print_check(&out, &report->checks[i], err);
	if (!st)
		st = print_notified(&out, &health->notified, err);
	if (!st)
		st = buffer_printf(&out, err, "  %-8s %" PRIu64 "%s%s%s%s\n", "cluster", health->system_id,
				   health->checkpoint.state == NULL ? "" : ", last seen ",
				   health->checkpoint.state == NULL ? "" : health->checkpoint.state,
				   !health->local    ? ""
				   : health->running ? ", PostgreSQL runs"
						     : ", PostgreSQL does not run here",
				   "");
	return st ? st : print_text(context, &out, err);
}

static json_t *text_or_null(const char *text)
{
	return text == NULL || text[0] == '\0' ? json_null() : json_string(text);
}

static json_t *free_text(const char *text)
{
	return text[0] == '\0' ? json_null() : print_string(text);
}

static json_t *time_or_null(int64_t seconds)
{
	char text[UTC_TEXT_SIZE];
	utc_text(seconds, text);
	return seconds == 0 ? json_null() : json_string(text);
}

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *number_if(bool known, int64_t value)
{
	return known ? json_integer(value) : json_null();
}

static json_t *checks_json(const struct health_report *report)
{
	json_t *all = json_array();
	for (size_t i = 0; i < HEALTH_CHECK_COUNT; i++) {
		const struct health_check *check = &report->checks[i];
		json_t *one =
		    json_pack("{s:s, s:s, s:o, s:o}", "name", check->name, "status", health_level_name(check->level),
			      "text", free_text(check->text), "hint", free_text(check->hint));
		if (json_array_append_new(all, one) != 0) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}

static json_t *gaps_json(const struct health_archive *archive)
{
	json_t *all = json_array();
	for (size_t i = 0; i < archive->gap_count && i < HEALTH_GAPS_MAX; i++) {
		const struct health_gap *gap = &archive->gaps[i];
		json_t *one = json_pack("{s:s, s:s, s:o}", "first", gap->first.text, "last", gap->last.text, "segments",
					number(gap->segments));
		if (json_array_append_new(all, one) != 0) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}

static json_t *archive_json(const struct health *health)
{
	const struct health_archive *archive = &health->archive;
	bool some = archive->newest.text[0] != '\0';
	if (!archive->known)
		return json_pack("{s:b, s:o}", "reachable", 0, "error", free_text(archive->trouble.text));
	return json_pack("{s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "reachable", 1, "newest_segment",
			 text_or_null(archive->newest.text), "newest_time", time_or_null(archive->newest_s),
			 "newest_age_seconds", number_if(some, health->now_s - archive->newest_s), "objects_listed",
			 number(archive->objects), "gaps", archive->chain_known ? gaps_json(archive) : json_null(),
			 "missing_segments", number_if(archive->chain_known, (int64_t)archive->missing),
			 "restorable_time", time_or_null(archive->restorable_s));
}

static json_t *backlog_json(const struct health *health)
{
	const struct pending *pending = &health->pending;
	if (!health->pending_known)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "files", number(pending->files), "bytes", number(pending->bytes),
			 "oldest_time", time_or_null(pending->oldest_s), "oldest_age_seconds",
			 number_if(pending->files > 0, health->now_s - pending->oldest_s), "first_file",
			 text_or_null(pending->first));
}

static json_t *pushes_json(const struct health *health)
{
	const struct failures *failures = &health->failures;
	if (!health->spool_known)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "failures", number(failures->count), "failing_since",
			 time_or_null(failures->since_s), "last_failure_time", time_or_null(failures->last_s),
			 "last_exit_code", number_if(failures->count > 0, failures->exit_code), "last_file",
			 free_text(failures->file), "last_error", free_text(failures->error.text), "notified_time",
			 time_or_null(health->notified.at_s));
}

static json_t *disk_json(const struct health *health)
{
	if (!health->disk_known)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o}", "free_bytes", number(health->disk_free), "total_bytes",
			 number(health->disk_total), "bytes_per_second", number(health->disk_bytes_per_s),
			 "full_in_seconds", number_if(health->disk_full_s >= 0, health->disk_full_s));
}

static json_t *server_json(const struct health *health)
{
	if (!health->local)
		return json_null();
	return json_pack("{s:o, s:b, s:o}", "state", text_or_null(health->checkpoint.state), "running",
			 (int)health->running, "timeline",
			 number_if(health->checkpoint.state != NULL, health->checkpoint.timeline));
}

enum status health_print_json(const struct health *health, const struct health_report *report,
			      const struct command_context *context, struct error *err)
{
	char system_id[24];
	(void)snprintf(system_id, sizeof system_id, "%" PRIu64, health->system_id);
	enum status st = health_level_status(report->level);
	json_t *value = json_pack(
	    "{s:s, s:i, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "status", health_level_name(report->level),
	    "exit_code", status_exit_code(st, EXIT_FOR_MONITOR), "time", time_or_null(health->now_s), "system_id",
	    system_id, "repo", free_text(config_text(context->config, OPTION_ID_REPO)), "archive", archive_json(health),
	    "backlog", backlog_json(health), "pushes", pushes_json(health), "disk", disk_json(health), "server",
	    server_json(health), "checks", checks_json(report));
	return print_json(context, value, err);
}
