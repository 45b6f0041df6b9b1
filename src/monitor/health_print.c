/* walship status, for people and as JSON: doc/status.md and doc/json.md. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "console/print.h"
#include "monitor/health.h"

static const char *const marks[HEALTH_LEVEL_COUNT] = {"✓", "!", "?", "✗"};

/* The first check with the worst level. */
static const struct health_check *worst(const struct health_report *report)
{
	for (size_t i = 0; i < report->count; i++)
		if (report->checks[i].level == report->level)
			return &report->checks[i];
	return &report->checks[0];
}

static enum status print_check(struct buffer *out, const struct health_check *check, struct error *err)
{
	const char *mark = check->skipped ? "–" : marks[check->level];
	enum status st = buffer_printf(out, err, "%s %-8s %s\n", mark, check->name, check->text);
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
			      const struct console *console, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer out = {0};
	enum status st =
	    buffer_printf(&out, err, "walship %s: %s\n", health_level_name(report->level), worst(report)->text);
	for (size_t i = 0; !st && i < report->count; i++)
		st = print_check(&out, &report->checks[i], err);
	if (!st)
		st = print_notified(&out, &health->notified, err);
	if (!st)
		st = buffer_printf(&out, err, "  %-8s %" PRIu64 "%s%s%s%s\n", "cluster", health->system_id,
				   health->checkpoint.state == NULL ? "" : ", last seen ",
				   health->checkpoint.state == NULL ? "" : health->checkpoint.state,
				   !health->local    ? ""
				   : health->running ? ", PostgreSQL is running"
						     : ", PostgreSQL is not running here",
				   "");
	return st ? st : print_text(console, &out, err);
}

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

/* Sets every field of object to null unless known. Takes object over. */
static json_t *null_unless(bool known, json_t *object)
{
	const char *name;
	json_t *value;
	if (!known)
		json_object_foreach(object, name, value)(void)
		    json_object_iter_set_new(object, json_object_key_to_iter(name), json_null());
	return object;
}

/* null also when a clock is wrong. */
static json_t *age_json(bool known, const struct health *health, int64_t then_s)
{
	int64_t age_s;
	known = known && clock_age(health->now_s, then_s, &age_s);
	return print_integer_if(known, known ? age_s : 0);
}

static json_t *checks_json(const struct health_report *report)
{
	json_t *all = json_array();
	for (size_t i = 0; i < report->count; i++) {
		const struct health_check *check = &report->checks[i];
		json_t *one =
		    json_pack("{s:s, s:s, s:o, s:o}", "name", check->name, "status", health_level_name(check->level),
			      "text", print_string(check->text), "hint", print_string(check->hint));
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
	json_t *all =
	    json_pack("{s:n, s:n, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "reachable", "error", "newest_segment",
		      print_string(archive->newest.text), "newest_time", print_time(archive->newest_s),
		      "newest_age_seconds", age_json(some, health, archive->newest_s), "listed_objects",
		      number(archive->objects), "gaps", archive->coverage_known ? gaps_json(archive) : json_null(),
		      "missing_segments", print_integer_if(archive->coverage_known, (int64_t)archive->missing),
		      "restorable_time", print_time(archive->restorable_s), "stray_timeline",
		      print_integer_if(archive->latest != 0, archive->latest));
	all = null_unless(archive->known, all);
	(void)json_object_set_new(all, "reachable", json_boolean(archive->known));
	(void)json_object_set_new(all, "error", print_string(archive->known ? NULL : archive->trouble.text));
	return all;
}

static json_t *backup_json(const struct health *health)
{
	const struct health_backup *backup = &health->backup;
	bool some = backup->newest.text[0] != '\0', full = backup->full.text[0] != '\0';
	return null_unless(
	    backup->known,
	    json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "newest_label",
		      print_string(backup->newest.text), "newest_ended_time", print_time(backup->newest_s),
		      "newest_age_seconds", age_json(some, health, backup->newest_s), "full_label",
		      print_string(backup->full.text), "full_ended_time", print_time(backup->full_s),
		      "full_age_seconds", age_json(full, health, backup->full_s), "wrong_pages",
		      print_integer_if(some, (int64_t)backup->wrong_pages), "wrong_pages_label",
		      print_string(backup->wrong.text), "unreadable_label", print_string(backup->unreadable.text),
		      "unfinished_backups", (json_int_t)backup->unfinished));
}

static json_t *dump_json(const struct health *health)
{
	const struct newest_dump *newest = &health->dump.newest;
	bool some = newest->label.text[0] != '\0';
	return null_unless(health->dump.known,
			   json_pack("{s:o, s:o, s:o, s:I}", "newest_label", print_string(newest->label.text),
				     "newest_stored_time", print_time(newest->stored_s), "newest_age_seconds",
				     age_json(some, health, newest->stored_s), "unfinished_dumps",
				     (json_int_t)newest->unfinished));
}

static json_t *drill_json(const struct health *health)
{
	const struct health_drill *drill = &health->drill;
	const struct drill_record *record = &drill->record;
	json_t *all = null_unless(drill->found,
				  json_pack("{s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:n}", "label",
					    print_string(drill->name.label), "begun_time", print_time(record->begun_s),
					    "age_seconds", age_json(true, health, record->begun_s), "ok",
					    (int)record->ok, "backup", print_string(record->backup), "rpo_seconds",
					    print_integer_if(record->rpo_s >= 0, record->rpo_s), "rto_seconds",
					    record->rto_s >= 0 ? json_real(record->rto_s) : json_null(), "problem",
					    print_string(record->problem), "error"));
	(void)json_object_set_new(all, "error",
				  print_string(drill->wanted && !drill->known ? drill->trouble.text : NULL));
	return all;
}

static json_t *schedule_json(const struct health *health)
{
	json_t *all = json_array();
	for (size_t i = 0; health->schedule != NULL && i < health->schedule->count; i++) {
		const struct health_task *task = &health->schedule->tasks[i];
		json_t *one = json_pack("{s:s, s:o, s:o, s:o, s:i, s:o}", "task", task->name, "succeeded_time",
					print_time(task->succeeded_s), "due_time",
					print_time(task->due_s == INT64_MAX ? 0 : task->due_s), "late",
					json_boolean(task->late_s < health->now_s), "failures", (int)task->failures,
					"error", print_string(task->error));
		if (json_array_append_new(all, one) != 0) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}

/* Without a note of a stream each field is null. */
static json_t *stream_json(const struct health *health)
{
	const struct stream_note *stream = &health->stream;
	struct stream_lag lag = stream_note_lag(stream, health->now_s);
	bool known = health->streamed;
	return json_pack(
	    "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "written_time", print_time(stream->written_s),
	    "connected", null_unless(known, json_boolean(stream->connected)), "slot", print_string(stream->slot),
	    "slot_state", print_string(stream->slot_state), "timeline", print_integer_if(known, stream->timeline),
	    "behind_bytes", null_unless(known, number(lag.bytes)), "behind_seconds", print_integer_if(lag.known, lag.s),
	    "stored_parts", null_unless(known, number(stream->stored_parts)), "stored_bytes",
	    null_unless(known, number(stream->stored_bytes)), "error", print_string(stream->error));
}

static json_t *mirrors_json(const struct health *health)
{
	json_t *all = json_array();
	for (size_t i = 0; health->mirrors != NULL && i < health->mirrors->count; i++) {
		const struct health_mirror *mirror = &health->mirrors->items[i];
		const struct mirror_note *note = &mirror->note;
		bool known = note->ended_s != 0;
		json_t *one =
		    json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "conf", print_string(mirror->conf),
			      "repo", print_string(mirror->url), "succeeded_time", print_time(note->succeeded_s),
			      "age_seconds", age_json(note->succeeded_s != 0, health, note->succeeded_s),
			      "behind_objects", print_integer_if(known, (int64_t)note->behind_objects), "behind_bytes",
			      print_integer_if(known, (int64_t)note->behind_bytes), "newest_object",
			      print_string(note->newest), "failures", print_integer_if(known, (int64_t)note->failures),
			      "error", print_string(mirror->url[0] == '\0' ? mirror->trouble.text : note->error));
		if (json_array_append_new(all, one) != 0) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}

static json_t *growth_json(const struct health *health)
{
	const struct health_growth *growth = &health->growth;
	return null_unless(health->archive.known,
			   json_pack("{s:o, s:o, s:o, s:b}", "wal_bytes", number(growth->wal_bytes), "backup_bytes",
				     number(health->backup.recent_bytes), "dump_bytes", number(growth->dump_bytes),
				     "at_least", (int)growth->least));
}

static json_t *backlog_json(const struct health *health)
{
	const struct pending *pending = &health->pending;
	return null_unless(health->pending_known,
			   json_pack("{s:o, s:o, s:o, s:o, s:o}", "files", number(pending->files), "bytes",
				     number(pending->bytes), "oldest_time", print_time(pending->oldest_s),
				     "oldest_age_seconds", age_json(pending->files > 0, health, pending->oldest_s),
				     "first_file", print_string(pending->first)));
}

static json_t *pushes_json(const struct health *health)
{
	const struct failures *failures = &health->failures;
	json_t *all = json_pack(
	    "{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "failures", number(failures->count), "failing_since_time",
	    print_time(failures->since_s), "last_failure_time", print_time(failures->last_s), "last_exit_code",
	    print_integer_if(failures->count > 0, failures->exit_code), "last_file", print_string(failures->file),
	    "last_error", print_string(failures->error.text), "notified_time", print_time(health->notified.at_s));
	return null_unless(health->spool_known, all);
}

static json_t *disk_json(const struct health *health)
{
	return null_unless(health->disk_known,
			   json_pack("{s:o, s:o, s:o, s:o}", "free_bytes", number(health->disk_free), "total_bytes",
				     number(health->disk_total), "bytes_per_second", number(health->disk_bytes_per_s),
				     "full_in_seconds",
				     print_integer_if(health->disk_full_s >= 0, health->disk_full_s)));
}

static json_t *server_json(const struct health *health)
{
	return null_unless(health->local,
			   json_pack("{s:o, s:b, s:o}", "state", print_string(health->checkpoint.state), "running",
				     (int)health->running, "timeline",
				     print_integer_if(health->checkpoint.state != NULL, health->checkpoint.timeline)));
}

enum status health_print_json(const struct health *health, const struct health_report *report,
			      const struct console *console, struct error *err)
{
	enum status st = health_level_status(report->level);
	json_t *value = json_pack(
	    "{s:s, s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "kind",
	    "status", "status", health_level_name(report->level), "exit_code", status_exit_code(st, EXIT_FOR_MONITOR),
	    "time", print_time(health->now_s), "system_id", print_system_id(health->system_id), "repo",
	    print_string(health->repo), "archive", archive_json(health), "backlog", backlog_json(health), "pushes",
	    pushes_json(health), "disk", disk_json(health), "server", server_json(health), "backup",
	    backup_json(health), "dump", dump_json(health), "schedule", schedule_json(health), "drill",
	    drill_json(health), "stream", stream_json(health), "mirrors", mirrors_json(health), "growth",
	    growth_json(health), "checks", checks_json(report));
	return print_json(console, value, err);
}
