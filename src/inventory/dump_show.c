#include "inventory/dump_show.h"

#include <inttypes.h>

#include "console/measure.h"
#include "console/print.h"

static bool is_open(const struct listed_dump *dump)
{
	return dump->complete && dump->status == STATUS_OK;
}

static json_t *json_item(const struct dump_item *item)
{
	return json_pack("{s:o, s:b, s:s, s:I, s:I, s:s, s:f}", "name", print_string(item->name), "globals",
			 (int)item->globals, "format", item->plain ? "plain" : "custom", "bytes",
			 (json_int_t)item->bytes, "stored_bytes", (json_int_t)dump_item_stored_bytes(item), "sha256",
			 item->sha256, "took_seconds", (double)item->duration_ms / 1000);
}

static json_t *json_items(const struct listed_dump *dump)
{
	json_t *array = is_open(dump) ? json_array() : json_null();
	for (size_t i = 0; i < dump->manifest.count; i++)
		if (json_array_append_new(array, json_item(&dump->manifest.items[i])) != 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

json_t *dump_json(uint64_t system_id, const struct listed_dump *dump)
{
	const struct dump_manifest *manifest = &dump->manifest;
	const struct dump_sums sums = dump_manifest_sums(manifest);
	bool known = is_open(dump);
	return json_pack("{s:s, s:o, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "kind", "dump",
			 "system_id", print_system_id(system_id), "label", dump->label.text, "complete",
			 (int)dump->complete, "error", print_string(dump->error), "begun_time",
			 print_time(dump->label.begun_s), "ended_time", print_time(manifest->ended_s), "server_version",
			 print_integer_if(known, (int64_t)manifest->server_version), "pg_dump_version",
			 print_string(manifest->program_version), "role_passwords",
			 known ? json_boolean(manifest->role_passwords) : json_null(), "bytes",
			 print_integer_if(known, (int64_t)sums.bytes), "stored_bytes",
			 print_integer_if(known, (int64_t)sums.stored_bytes), "databases", json_items(dump));
}

json_t *dump_list_json(uint64_t system_id, const struct dump_list *list)
{
	json_t *array = json_array();
	for (size_t i = 0; i < list->count; i++) {
		json_t *dump = dump_json(system_id, &list->items[i]);
		/* verify fills these. */
		json_t *unjudged = json_pack("{s:n, s:n, s:n}", "whole", "faults", "archived_objects");
		if (dump == NULL || json_object_update_new(dump, unjudged) != 0 || json_object_del(dump, "kind") != 0 ||
		    json_object_del(dump, "system_id") != 0 || json_array_append(array, dump) != 0) {
			json_decref(dump);
			json_decref(array);
			return NULL;
		}
		json_decref(dump);
	}
	return array;
}

static enum status show_content(struct buffer *out, const struct dump_manifest *manifest, struct error *err)
{
	const struct dump_sums sums = dump_manifest_sums(manifest);
	char size[MEASURE_MAX], stored[MEASURE_MAX], took[MEASURE_MAX], ended[UTC_TEXT_SIZE];
	size_t databases = manifest->count - (dump_manifest_globals(manifest) != NULL);
	measure_bytes(sums.bytes, size);
	measure_bytes(sums.stored_bytes, stored);
	measure_seconds(manifest->ended_s - manifest->label.begun_s, took);
	utc_text(manifest->ended_s, ended);
	enum status st =
	    buffer_printf(out, err, ": %zu database%s, %s, %s stored, ended %s after %s, by pg_dump %s\n", databases,
			  databases == 1 ? "" : "s", size, stored, ended, took, manifest->program_version);
	for (size_t i = 0; !st && i < manifest->count; i++) {
		const struct dump_item *item = &manifest->items[i];
		measure_bytes(item->bytes, size);
		st = buffer_printf(out, err, "  %s%s: %s%s\n", item->name, item->globals ? " (roles, tablespaces)" : "",
				   size, item->plain && !item->globals ? ", SQL" : "");
	}
	return st;
}

enum status dump_show(struct buffer *out, const struct listed_dump *dump, struct error *err)
{
	enum status st = buffer_printf(out, err, "dump %s", dump->label.text);
	if (!st && is_open(dump))
		return show_content(out, &dump->manifest, err);
	return st ? st : buffer_printf(out, err, ": %s\n", dump->complete ? dump->error : "not finished");
}
