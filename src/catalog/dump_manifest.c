#include "catalog/dump_manifest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "console/print.h"
#include "pg/wal/name.h"

#define KIND "walship dump"

struct dump_item *dump_manifest_add(struct dump_manifest *manifest, const char *name)
{
	struct dump_item *grown = array_grow(manifest->items, manifest->count, &manifest->capacity, sizeof *grown);
	char *copy = strdup(name);
	if (grown != NULL)
		manifest->items = grown;
	if (grown == NULL || copy == NULL) {
		free(copy);
		return NULL;
	}
	grown[manifest->count] = (struct dump_item){.name = copy};
	return &grown[manifest->count++];
}

enum status dump_item_add_object(struct dump_item *item, uint64_t bytes, struct error *err)
{
	uint64_t *grown = array_grow(item->sizes, item->objects, &item->capacity, sizeof *grown);
	if (grown == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	item->sizes = grown;
	grown[item->objects++] = bytes;
	return STATUS_OK;
}

uint64_t dump_item_stored_bytes(const struct dump_item *item)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < item->objects; i++)
		sum += item->sizes[i];
	return sum;
}

struct dump_sums dump_manifest_sums(const struct dump_manifest *manifest)
{
	struct dump_sums sums = {0};
	for (size_t i = 0; i < manifest->count; i++) {
		sums.bytes += manifest->items[i].bytes;
		sums.objects += manifest->items[i].objects;
		sums.stored_bytes += dump_item_stored_bytes(&manifest->items[i]);
	}
	return sums;
}

const struct dump_item *dump_manifest_globals(const struct dump_manifest *manifest)
{
	for (size_t i = 0; i < manifest->count; i++)
		if (manifest->items[i].globals)
			return &manifest->items[i];
	return NULL;
}

const struct dump_item *dump_manifest_find(const struct dump_manifest *manifest, const char *name)
{
	for (size_t i = 0; i < manifest->count; i++)
		if (!manifest->items[i].globals && strcmp(manifest->items[i].name, name) == 0)
			return &manifest->items[i];
	return strcmp(name, DUMP_GLOBALS_NAME) == 0 ? dump_manifest_globals(manifest) : NULL;
}

/*
 * Writing.
 */

static json_t *time_json(int64_t seconds)
{
	char text[UTC_TEXT_SIZE];
	utc_text(seconds, text);
	return json_string(text);
}

static json_t *sizes_json(const struct dump_item *item)
{
	json_t *array = json_array();
	for (size_t i = 0; i < item->objects; i++)
		if (json_array_append_new(array, json_integer((json_int_t)item->sizes[i])) != 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *item_json(const struct dump_item *item)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:I, s:I, s:s, s:I, s:o}", "type",
			 item->globals ? "globals" : "database", "name", item->name, "format",
			 item->plain ? "plain" : "custom", "begun", time_json(item->begun_s), "duration_ms",
			 (json_int_t)item->duration_ms, "bytes", (json_int_t)item->bytes, "sha256", item->sha256,
			 "first_object", (json_int_t)item->first, "object_bytes", sizes_json(item));
}

enum status dump_manifest_write(struct buffer *out, const struct dump_manifest *manifest, struct error *err)
{
	char system_id[32];
	json_t *items = json_array();
	int failed = 0;
	(void)snprintf(system_id, sizeof system_id, "%" PRIu64, manifest->system_id);
	for (size_t i = 0; i < manifest->count; i++)
		failed |= json_array_append_new(items, item_json(&manifest->items[i]));
	json_t *object = json_pack("{s:s, s:i, s:s, s:s, s:o, s:o, s:I, s:s, s:b, s:o}", "kind", KIND, "version",
				   DUMP_MANIFEST_VERSION, "label", manifest->label.text, "system_id", system_id,
				   "begun", time_json(manifest->label.begun_s), "ended", time_json(manifest->ended_s),
				   "server_version", (json_int_t)manifest->server_version, "pg_dump_version",
				   manifest->program_version == NULL ? "" : manifest->program_version, "role_passwords",
				   (int)manifest->role_passwords, "dumps", items);
	char *text = failed ? NULL : json_dumps(object, JSON_INDENT(1));
	json_decref(object);
	if (text == NULL)
		return error_set(err, STATUS_LOCAL,
				 "out of memory, or the name of a database is not UTF-8 and cannot be stored");
	enum status st = buffer_append(out, text, strlen(text), err);
	free(text);
	return st;
}

/*
 * Reading.
 */

static enum status refuse(struct error *err, const char *field)
{
	return error_set(err, STATUS_DAMAGED, "damaged: the manifest of the dump has no valid %s", field);
}

static bool take_integer(const json_t *object, const char *name, uint64_t *out)
{
	const json_t *value = json_object_get(object, name);
	*out = (uint64_t)json_integer_value(value);
	return json_is_integer(value) && json_integer_value(value) >= 0;
}

static bool take_time(const json_t *object, const char *name, int64_t *out)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL && utc_parse(text, out);
}

/* Either of two words. */
static bool take_choice(const json_t *object, const char *name, const char *no, const char *yes, bool *out)
{
	const char *text = json_string_value(json_object_get(object, name));
	*out = text != NULL && strcmp(text, yes) == 0;
	return text != NULL && (*out || strcmp(text, no) == 0);
}

static bool take_sum(const json_t *object, char out[SHA256_TEXT_SIZE])
{
	const char *text = json_string_value(json_object_get(object, "sha256"));
	if (text == NULL || strlen(text) != SHA256_TEXT_SIZE - 1 ||
	    strspn(text, "0123456789abcdef") != SHA256_TEXT_SIZE - 1)
		return false;
	(void)strcpy(out, text);
	return true;
}

static enum status read_sizes(struct dump_item *item, const json_t *array, struct error *err)
{
	size_t i;
	json_t *size;
	if (!json_is_array(array))
		return refuse(err, "object_bytes");
	json_array_foreach(array, i, size)
	{
		if (!json_is_integer(size) || json_integer_value(size) <= 0)
			return refuse(err, "object_bytes");
		enum status st = dump_item_add_object(item, (uint64_t)json_integer_value(size), err);
		if (st)
			return st;
	}
	return STATUS_OK;
}

/* *next is the number of the next object: the objects of all items follow each other. */
static enum status read_item(struct dump_manifest *manifest, const json_t *object, uint64_t *next, struct error *err)
{
	const char *name = json_string_value(json_object_get(object, "name"));
	uint64_t first;
	if (name == NULL)
		return refuse(err, "name");
	struct dump_item *item = dump_manifest_add(manifest, name);
	if (item == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	if (!take_choice(object, "type", "database", "globals", &item->globals) ||
	    !take_choice(object, "format", "custom", "plain", &item->plain) ||
	    !take_time(object, "begun", &item->begun_s) || !take_integer(object, "duration_ms", &item->duration_ms) ||
	    !take_integer(object, "bytes", &item->bytes) || !take_sum(object, item->sha256) ||
	    !take_integer(object, "first_object", &first) || first != *next || first > UINT32_MAX)
		return refuse(err, "entry in dumps");
	item->first = (uint32_t)first;
	enum status st = read_sizes(item, json_object_get(object, "object_bytes"), err);
	*next += item->objects;
	return st || *next <= UINT32_MAX ? st : refuse(err, "number of objects");
}

static enum status read_items(struct dump_manifest *manifest, const json_t *array, struct error *err)
{
	size_t i;
	json_t *object;
	uint64_t next = 1;
	enum status st = json_is_array(array) ? STATUS_OK : refuse(err, "dumps");
	json_array_foreach(array, i, object)
	{
		if (!st)
			st = read_item(manifest, object, &next, err);
	}
	return st;
}

static enum status read_head(struct dump_manifest *manifest, const json_t *object, struct error *err)
{
	const char *kind = json_string_value(json_object_get(object, "kind"));
	const char *label = json_string_value(json_object_get(object, "label"));
	const char *system_id = json_string_value(json_object_get(object, "system_id"));
	const char *version = json_string_value(json_object_get(object, "pg_dump_version"));
	if (kind == NULL || strcmp(kind, KIND) != 0)
		return error_set(err, STATUS_DAMAGED, "damaged: not a manifest of a dump");
	if (json_integer_value(json_object_get(object, "version")) != DUMP_MANIFEST_VERSION) {
		(void)refuse(err, "version");
		return error_hint(err, STATUS_DAMAGED, "a newer walship may have written the object: use that version");
	}
	if (label == NULL || !dump_label_parse(&manifest->label, label))
		return refuse(err, "label");
	const char *end = system_id == NULL ? NULL : wal_system_id_read(system_id, &manifest->system_id);
	if (end == NULL || *end != '\0')
		return refuse(err, "system_id");
	if (version == NULL || !take_time(object, "ended", &manifest->ended_s) ||
	    !take_integer(object, "server_version", &manifest->server_version))
		return refuse(err, "time or version");
	manifest->role_passwords = json_is_true(json_object_get(object, "role_passwords"));
	manifest->program_version = strdup(version);
	return manifest->program_version == NULL ? error_set(err, STATUS_LOCAL, "out of memory") : STATUS_OK;
}

enum status dump_manifest_read(struct dump_manifest *out, const struct buffer *json, struct error *err)
{
	json_error_t ignored;
	*out = (struct dump_manifest){0};
	json_t *object = json_loadb((const char *)json->data, json->len, JSON_REJECT_DUPLICATES, &ignored);
	enum status st = read_head(out, object, err);
	if (!st)
		st = read_items(out, json_object_get(object, "dumps"), err);
	json_decref(object);
	return st;
}

void dump_manifest_fini(struct dump_manifest *manifest)
{
	for (size_t i = 0; i < manifest->count; i++) {
		free(manifest->items[i].name);
		free(manifest->items[i].sizes);
	}
	free(manifest->items);
	free(manifest->program_version);
	*manifest = (struct dump_manifest){0};
}
