#include "inventory/backup_show.h"

#include <inttypes.h>
#include <stdio.h>

#include "console/measure.h"
#include "inventory/cluster.h"

static bool is_open(const struct listed_backup *backup)
{
	return backup->complete && backup->status == STATUS_OK;
}

/*
 * JSON.
 */

static json_t *json_lsn(bool known, uint64_t lsn)
{
	char text[LSN_TEXT_MAX];
	lsn_text(lsn, text);
	return print_string(known ? text : NULL);
}

static json_t *json_needs(const struct listed_backup *backup)
{
	json_t *array = is_open(backup) ? json_array() : json_null();
	for (size_t i = 0; i < backup->manifest.need_count; i++)
		if (json_array_append_new(array, json_pack("{s:s}", "label", backup->manifest.needs[i].text)) != 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *json_flag(bool known, bool value)
{
	return known ? json_boolean(value) : json_null();
}

json_t *backup_json(uint64_t system_id, const struct listed_backup *backup)
{
	const struct manifest *manifest = &backup->manifest;
	bool known = is_open(backup);
	return json_pack(
	    "{s:s, s:o, s:s, s:s, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
	    "kind", "base_backup", "system_id", print_system_id(system_id), "label", backup->label.text, "type",
	    backup_type_name(backup->label.type), "complete", (int)backup->complete, "pinned", (int)backup->pinned,
	    "error", print_string(backup->error), "begun_time", print_time(backup->label.begun_s), "ended_time",
	    print_time(manifest->ended), "server_version", print_integer_if(known, (int64_t)manifest->server_version),
	    "start_timeline", print_integer_if(known, (int64_t)manifest->start_timeline), "stop_timeline",
	    print_integer_if(known, (int64_t)manifest->stop_timeline), "start_lsn",
	    json_lsn(known, manifest->start_lsn), "stop_lsn", json_lsn(known, manifest->stop_lsn), "files",
	    print_integer_if(known, (int64_t)manifest->files), "bytes",
	    print_integer_if(known, (int64_t)manifest->bytes), "changed_bytes",
	    print_integer_if(known, (int64_t)manifest->changed_bytes), "stored_bytes",
	    print_integer_if(known, (int64_t)manifest->stored_bytes), "page_checksums",
	    json_flag(known, manifest->page_checksums), "wrong_pages",
	    print_integer_if(known, (int64_t)manifest->wrong_pages), "needs", json_needs(backup));
}

json_t *backup_json_of_cluster(uint64_t system_id, const struct listed_backup *backup,
			       const struct backup_prospect *prospect)
{
	json_t *all = backup_json(system_id, backup);
	json_t *more =
	    json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "restorable",
		      json_flag(prospect->judged, prospect->restorable), "reason", print_string(prospect->reason),
		      "faults", print_integer_if(prospect->judged, (int64_t)prospect->faults), "archived_objects",
		      print_integer_if(prospect->judged, (int64_t)prospect->archived_objects), "recovery_timeline",
		      print_integer_if(prospect->reaches, prospect->timeline), "recovery_end_lsn",
		      json_lsn(prospect->reaches, prospect->end_lsn), "recovery_end_stored_time",
		      print_time(prospect->end_stored_s));
	if (all != NULL && json_object_update_new(all, more) == 0 && json_object_del(all, "kind") == 0 &&
	    json_object_del(all, "system_id") == 0)
		return all;
	json_decref(all);
	return NULL;
}

json_t *backup_list_json(uint64_t system_id, const struct backup_list *list)
{
	const struct backup_prospect unknown = {0};
	json_t *array = json_array();
	for (size_t i = 0; i < list->count; i++)
		if (json_array_append_new(array, backup_json_of_cluster(system_id, &list->items[i], &unknown)) != 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

/*
 * Text.
 */

static enum status show_content(struct buffer *out, const struct manifest *manifest, struct error *err)
{
	char size[MEASURE_MAX], stored[MEASURE_MAX], took[MEASURE_MAX], ended[UTC_TEXT_SIZE];
	char start[LSN_TEXT_MAX], stop[LSN_TEXT_MAX];
	measure_bytes(manifest->bytes, size);
	measure_bytes(manifest->stored_bytes, stored);
	measure_seconds(manifest->ended - manifest->begun, took);
	utc_text(manifest->ended, ended);
	lsn_text(manifest->start_lsn, start);
	lsn_text(manifest->stop_lsn, stop);
	enum status st =
	    buffer_printf(out, err, ": %s, %s stored, ended %s after %s, WAL from %s to %s on timeline %" PRIu64, size,
			  stored, ended, took, start, stop, manifest->stop_timeline);
	for (size_t i = 0; !st && i < manifest->need_count; i++)
		st = buffer_printf(out, err, "%s%s", i == 0 ? ", needs " : " ", manifest->needs[i].text);
	if (!st && manifest->wrong_pages > 0)
		st = buffer_printf(out, err, ", %" PRIu64 " page%s with a wrong checksum", manifest->wrong_pages,
				   manifest->wrong_pages == 1 ? "" : "s");
	return st;
}

enum status backup_show(struct buffer *out, const struct listed_backup *backup, struct error *err)
{
	enum status st =
	    buffer_printf(out, err, "base backup %s%s", backup->label.text, backup->pinned ? ", pinned" : "");
	if (!st && is_open(backup))
		st = show_content(out, &backup->manifest, err);
	else if (!st && backup->complete)
		st = buffer_printf(out, err, ": %s", backup->error);
	else if (!st)
		st = buffer_printf(out, err, ": not finished");
	return st ? st : buffer_append(out, "\n", 1, err);
}
