/* What a restore says: its plan, and what to do next. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "console/measure.h"
#include "console/print.h"
#include "pg/data/tree_rules.h"
#include "restore/restore_private.h"

static void first_segment(const struct restoration *restoration, struct wal_name *out)
{
	const struct branch *branch = &restoration->choice.branch;
	const struct coverage *coverage = &restoration->coverage;
	uint64_t end;
	uint32_t timeline = line_segment(&branch->line, coverage, branch->first, &end);
	if (timeline == 0)
		timeline = line_at(&branch->line, branch->first * coverage->segment_bytes);
	wal_name_of_number(out, timeline, branch->first, coverage->segment_bytes);
}

static enum status add_choice(struct buffer *out, const struct restoration *restoration, struct error *err)
{
	const struct choice *choice = &restoration->choice;
	const struct manifest *manifest = &choice->branch.backup->manifest;
	char target[TARGET_TEXT_MAX], ended[UTC_TEXT_SIZE];
	struct wal_name first;
	target_text(restoration->params->target, target);
	utc_text(manifest->ended, ended);
	first_segment(restoration, &first);
	const char *why = restoration->source_reason;
	enum status st = STATUS_OK;
	if (restoration->params->mirrors.count > 0)
		st = buffer_printf(out, err, "repository %s: %s%s\n", restoration->settings->url,
				   why[0] == '\0' ? "it has the backup" : "a mirror, because of ", why);
	if (!st)
		st = buffer_printf(out, err, "backup     %s, ended %s: %s\n", choice->branch.backup->label.text, ended,
				   choice->backup_reason);
	if (!st)
		st = buffer_printf(out, err, "target     %s\ntimeline   %" PRIu32 "%s%s\n", target,
				   choice->branch.line.timeline, choice->timeline_reason[0] == '\0' ? "" : ": ",
				   choice->timeline_reason);
	return st ? st
		  : buffer_printf(out, err, "WAL        %" PRIu64 " segment%s to replay, from %s\n",
				  choice->replay_segments, choice->replay_segments == 1 ? "" : "s", first.text);
}

static enum status add_figures(struct buffer *out, const struct restoration *restoration, struct error *err)
{
	const struct tree_restore_figures *planned = &restoration->planned;
	char bytes[MEASURE_MAX], read[MEASURE_MAX], written[MEASURE_MAX];
	measure_bytes(planned->bytes, bytes);
	measure_bytes(planned->read_bytes, read);
	measure_bytes(planned->written_bytes, written);
	enum status st = buffer_printf(
	    out, err, "directory  %s: %" PRIu64 " files, %s\nread       %s in %" PRIu64 " requests\nwrite      %s\n",
	    restoration->place.path, planned->files, bytes, read, planned->requests, written);
	if (!st && planned->removed > 0)
		st = buffer_printf(out, err, "remove     %" PRIu64 " files and directories that the backup lacks\n",
				   planned->removed);
	for (size_t i = 0; !st && i < planned->room_count; i++) {
		char needed[MEASURE_MAX], available[MEASURE_MAX];
		measure_bytes(planned->rooms[i].needed_bytes, needed);
		measure_bytes(planned->rooms[i].available_bytes, available);
		st = buffer_printf(out, err, "room       %s: %s needed, %s available\n", planned->rooms[i].directory,
				   needed, available);
	}
	if (!st && restoration->archive_off)
		st = buffer_printf(out, err, "archive    archive_mode = off: %s\n", restoration->archive_reason);
	return st;
}

enum status restore_print_plan(const struct restoration *restoration, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	const struct restore_params *params = restoration->params;
	if (restoration->choice.warning[0] != '\0')
		log_line(params->call->log, LEVEL_WARNING, "--force: %s", restoration->choice.warning);
	if (params->json || params->result != NULL)
		return STATUS_OK;
	enum status st = add_choice(&text, restoration, err);
	if (!st)
		st = add_figures(&text, restoration, err);
	return st ? st : print_text(params->console, &text, err);
}

static json_t *json_rooms(const struct tree_restore_figures *planned)
{
	json_t *rooms = json_array();
	for (size_t i = 0; rooms != NULL && i < planned->room_count; i++) {
		const struct tree_restore_room *room = &planned->rooms[i];
		(void)json_array_append_new(rooms,
					    json_pack("{s:o, s:I, s:I}", "directory", print_string(room->directory),
						      "needed_bytes", (json_int_t)room->needed_bytes, "available_bytes",
						      (json_int_t)room->available_bytes));
	}
	return rooms;
}

static json_t *json_end(const struct restoration *restoration, const struct tree_restore_figures *figures)
{
	const struct restore_params *params = restoration->params;
	const struct choice *choice = &restoration->choice;
	char target[TARGET_TEXT_MAX];
	struct wal_name first;
	target_text(params->target, target);
	first_segment(restoration, &first);
	return json_pack(
	    "{s:s, s:b, s:o, s:s, s:o, s:s, s:s, s:I, s:o, s:s, s:I, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, "
	    "s:b, s:o, s:o, s:o, s:o}",
	    "kind", "restore", "dry_run", (int)params->dry_run, "system_id", print_system_id(restoration->system_id),
	    "backup", choice->branch.backup->label.text, "backup_ended_time",
	    print_time(choice->branch.backup->manifest.ended), "backup_reason", choice->backup_reason, "target", target,
	    "timeline", (json_int_t)choice->branch.line.timeline, "timeline_reason",
	    print_string(choice->timeline_reason), "first_segment", first.text, "replay_segments",
	    (json_int_t)choice->replay_segments, "directory", print_string(restoration->place.path), "files",
	    (json_int_t)figures->files, "directories", (json_int_t)figures->directories, "bytes",
	    (json_int_t)figures->bytes, "read_bytes", (json_int_t)figures->read_bytes, "requests",
	    (json_int_t)figures->requests, "packs", (json_int_t)figures->packs, "written_bytes",
	    (json_int_t)figures->written_bytes, "removed_files", (json_int_t)figures->removed, "rooms",
	    json_rooms(&restoration->planned), "archive_off", (int)restoration->archive_off, "restore_command",
	    print_string(params->restore_command), "warning", print_string(choice->warning), "repo",
	    print_string(restoration->settings->url), "repo_reason", print_string(restoration->source_reason));
}

/* Whether backup-include has brought files of other places along. */
static bool has_included(const struct restoration *restoration)
{
	char path[PATH_MAX];
	return snprintf(path, sizeof path, "%s/" INCLUDE_DIRECTORY, restoration->place.path) < (int)sizeof path &&
	       access(path, F_OK) == 0;
}

static enum status add_notes(struct buffer *out, const struct restoration *restoration, struct error *err)
{
	const struct recovery_notes *notes = &restoration->notes;
	const struct manifest *manifest = &restoration->choice.branch.backup->manifest;
	const char *conf = manifest_value(&manifest->settings, "config_file");
	enum status st = STATUS_OK;
	if (notes->no_postgresql_conf)
		st = buffer_printf(out, err,
				   "config     postgresql.conf is not in the data directory: the server that was "
				   "backed up had its configuration in %s\n",
				   conf == NULL ? "another place" : conf);
	if (!st && has_included(restoration))
		st = buffer_printf(out, err,
				   "config     %s/" INCLUDE_DIRECTORY " has the files of other places that "
				   "backup-include named\n",
				   restoration->place.path);
	if (!st && notes->minimum.len > 0)
		st = buffer_printf(out, err, "config     recovery needs at least %s%s\n", buffer_text(&notes->minimum),
				   notes->minimum_written ? ": postgresql.auto.conf has it" : "");
	return st;
}

/*
 * A configuration elsewhere, as on Debian, names the data directory and the PID file of the server that was backed up:
 * a copy that is started with it must name its own directory, and leave that file alone.
 */
static enum status add_start(struct buffer *out, const struct restoration *restoration, struct error *err)
{
	const struct manifest *manifest = &restoration->choice.branch.backup->manifest;
	const char *conf = manifest_value(&manifest->settings, "config_file"), *path = restoration->place.path;
	if (!restoration->notes.no_postgresql_conf || conf == NULL)
		return buffer_printf(out, err, "next       start the server: pg_ctl -D %s start\n", path);
	if (place_is_servers_own(&restoration->place, manifest))
		return buffer_printf(out, err, "next       start the server as usual, with its configuration in %s\n",
				     conf);
	return buffer_printf(out, err,
			     "next       start the server: pg_ctl -D %s -o \"-c config_file=%s -c data_directory=%s "
			     "-c external_pid_file=\" start\n",
			     path, conf, path);
}

static enum status add_next(struct buffer *out, const struct restoration *restoration, struct error *err)
{
	const struct target *target = restoration->params->target;
	bool pauses = target->kind != TARGET_END && target->action == NULL;
	if (target->action != NULL)
		pauses = target->action[0] == 'p' && target->action[1] == 'a';
	enum status st = add_start(out, restoration, err);
	if (st || (target->action != NULL && target->action[0] == 's'))
		return st ? st : buffer_printf(out, err, "           the server shuts down at the target\n");
	if (pauses)
		return buffer_printf(
		    out, err,
		    "           the server replays WAL up to the target and stays read-only there: select "
		    "pg_is_wal_replay_paused() says t\n"
		    "           look at the data, then end the recovery: select pg_wal_replay_resume()\n");
	if (target->standby)
		return buffer_printf(out, err,
				     "           the server stays a standby: select pg_is_in_recovery() says t\n");
	return buffer_printf(out, err, "           recovery has ended when select pg_is_in_recovery() says f\n");
}

enum status restore_print_end(const struct restoration *restoration, const struct tree_restore_figures *done,
			      struct error *err)
{
	const struct restore_params *params = restoration->params;
	CLEANUP(buffer_fini) struct buffer text = {0};
	if (params->result != NULL) {
		restore_take_end(restoration, done);
		return STATUS_OK;
	}
	if (params->json)
		return print_json(params->console, json_end(restoration, done), err);
	if (params->dry_run)
		return STATUS_OK;
	enum status st = buffer_printf(&text, err, "restored   %" PRIu64 " files\n", done->files);
	if (!st)
		st = add_notes(&text, restoration, err);
	if (!st)
		st = add_next(&text, restoration, err);
	return st ? st : print_text(params->console, &text, err);
}
