#include "catalog/manifest.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "pg/server/online_backup.h"
#include "pg/wal/name.h"

#define KIND "walship backup"

enum kind { KIND_INTEGER, KIND_LSN, KIND_TIME, KIND_BOOLEAN, KIND_TEXT };

static const struct field {
	enum kind kind;
	const char *name;
	size_t offset;
} fields[] = {
#define FIELD(kind, name) {KIND_##kind, #name, offsetof(struct manifest, name)},
#include "catalog/manifest.def"
#undef FIELD
};

#define FIELD_COUNT (sizeof fields / sizeof fields[0])

/* The lists of names and values. */
static const struct {
	const char *name;
	size_t offset;
} lists[] = {
    {"settings", offsetof(struct manifest, settings)},
    {"tablespaces", offsetof(struct manifest, tablespaces)},
    {"wrong_page_list", offsetof(struct manifest, wrong_page_list)},
};

#define LIST_COUNT (sizeof lists / sizeof lists[0])

static void *at(struct manifest *manifest, size_t offset)
{
	return (char *)manifest + offset;
}

static const void *const_at(const struct manifest *manifest, size_t offset)
{
	return (const char *)manifest + offset;
}

enum status manifest_add_need(struct manifest *manifest, const struct backup_label *label, struct error *err)
{
	struct backup_label *grown =
	    array_grow(manifest->needs, manifest->need_count, &manifest->need_capacity, sizeof *grown);
	if (grown == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	manifest->needs = grown;
	grown[manifest->need_count++] = *label;
	return STATUS_OK;
}

enum status manifest_add_pair(struct manifest_pairs *pairs, const char *name, const char *value, struct error *err)
{
	struct manifest_pair *grown = array_grow(pairs->items, pairs->count, &pairs->capacity, sizeof *grown);
	if (grown == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	pairs->items = grown;
	struct manifest_pair pair = {strdup(name), strdup(value)};
	if (pair.name == NULL || pair.value == NULL) {
		free(pair.name);
		free(pair.value);
		return error_set(err, STATUS_LOCAL, "out of memory");
	}
	grown[pairs->count++] = pair;
	return STATUS_OK;
}

const char *manifest_value(const struct manifest_pairs *pairs, const char *name)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (strcmp(pairs->items[i].name, name) == 0)
			return pairs->items[i].value;
	return NULL;
}

static json_t *lsn_json(uint64_t lsn)
{
	char text[32];
	(void)snprintf(text, sizeof text, "%" PRIX64 "/%" PRIX64, lsn >> 32, lsn & UINT32_MAX);
	return json_string(text);
}

static json_t *time_json(int64_t seconds)
{
	char text[UTC_TEXT_SIZE];
	utc_text(seconds, text);
	return json_string(text);
}

static json_t *field_json(const struct manifest *manifest, const struct field *field)
{
	const void *value = const_at(manifest, field->offset);
	switch (field->kind) {
	case KIND_INTEGER:
		return json_integer((json_int_t) * (const uint64_t *)value);
	case KIND_LSN:
		return lsn_json(*(const uint64_t *)value);
	case KIND_TIME:
		return time_json(*(const int64_t *)value);
	case KIND_BOOLEAN:
		return json_boolean(*(const bool *)value);
	case KIND_TEXT:
		break;
	}
	const char *text = *(char *const *)value;
	return json_string(text == NULL ? "" : text);
}

static json_t *pairs_json(const struct manifest_pairs *pairs)
{
	json_t *array = json_array();
	for (size_t i = 0; i < pairs->count; i++)
		if (json_array_append_new(array, json_pack("[s, s]", pairs->items[i].name, pairs->items[i].value)) !=
		    0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *needs_json(const struct manifest *manifest)
{
	json_t *array = json_array();
	for (size_t i = 0; i < manifest->need_count; i++)
		if (json_array_append_new(array, json_string(manifest->needs[i].text)) != 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

enum status manifest_write(struct buffer *out, const struct manifest *manifest, struct error *err)
{
	char system_id[32];
	(void)snprintf(system_id, sizeof system_id, "%" PRIu64, manifest->system_id);
	json_t *object =
	    json_pack("{s:s, s:i, s:s, s:s, s:s}", "kind", KIND, "version", MANIFEST_VERSION, "label",
		      manifest->label.text, "type", backup_type_name(manifest->label.type), "system_id", system_id);
	int failed = json_object_set_new(object, "needs", needs_json(manifest));
	for (size_t i = 0; i < FIELD_COUNT; i++)
		failed |= json_object_set_new(object, fields[i].name, field_json(manifest, &fields[i]));
	for (size_t i = 0; i < LIST_COUNT; i++)
		failed |= json_object_set_new(object, lists[i].name, pairs_json(const_at(manifest, lists[i].offset)));
	char *text = failed ? NULL : json_dumps(object, JSON_INDENT(1));
	json_decref(object);
	if (text == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory, or a text of the manifest is not UTF-8");
	enum status st = buffer_append(out, text, strlen(text), err);
	free(text);
	return st;
}

static enum status refuse(struct error *err, const char *field)
{
	return error_set(err, STATUS_DAMAGED, "damaged: the manifest has no valid %s", field);
}

static bool read_integer(uint64_t *out, const json_t *value)
{
	*out = (uint64_t)json_integer_value(value);
	return json_is_integer(value) && json_integer_value(value) >= 0;
}

static bool read_text(char **out, const json_t *value)
{
	if (!json_is_string(value))
		return false;
	free(*out);
	*out = strdup(json_string_value(value));
	return *out != NULL;
}

static bool read_field(struct manifest *manifest, const struct field *field, const json_t *value)
{
	void *out = at(manifest, field->offset);
	switch (field->kind) {
	case KIND_INTEGER:
		return read_integer(out, value);
	case KIND_LSN:
		return lsn_parse(json_string_value(value), out);
	case KIND_TIME:
		return json_is_string(value) && utc_parse(json_string_value(value), out);
	case KIND_BOOLEAN:
		*(bool *)out = json_is_true(value);
		return json_is_boolean(value);
	case KIND_TEXT:
		break;
	}
	return read_text(out, value);
}

static enum status read_pairs(struct manifest_pairs *pairs, const json_t *array, const char *name, struct error *err)
{
	size_t i;
	json_t *pair;
	if (!json_is_array(array))
		return refuse(err, name);
	json_array_foreach(array, i, pair)
	{
		const char *first = json_string_value(json_array_get(pair, 0));
		const char *second = json_string_value(json_array_get(pair, 1));
		if (first == NULL || second == NULL)
			return refuse(err, name);
		enum status st = manifest_add_pair(pairs, first, second, err);
		if (st)
			return st;
	}
	return STATUS_OK;
}

static enum status read_needs(struct manifest *manifest, const json_t *array, struct error *err)
{
	size_t i;
	json_t *item;
	if (!json_is_array(array))
		return refuse(err, "needs");
	json_array_foreach(array, i, item)
	{
		struct backup_label label;
		const char *text = json_string_value(item);
		/* An index refers to what was there before. */
		if (text == NULL || !backup_label_parse(&label, text) || label.begun_s >= manifest->label.begun_s)
			return refuse(err, "needs");
		enum status st = manifest_add_need(manifest, &label, err);
		if (st)
			return st;
	}
	return STATUS_OK;
}

static enum status read_head(struct manifest *manifest, const json_t *object, struct error *err)
{
	const char *kind = json_string_value(json_object_get(object, "kind"));
	const char *label = json_string_value(json_object_get(object, "label"));
	const char *system_id = json_string_value(json_object_get(object, "system_id"));
	if (kind == NULL || strcmp(kind, KIND) != 0)
		return error_set(err, STATUS_DAMAGED, "damaged: not a manifest");
	if (json_integer_value(json_object_get(object, "version")) != MANIFEST_VERSION) {
		(void)refuse(err, "version");
		return error_hint(err, STATUS_DAMAGED, "a newer walship may have written the object: use that version");
	}
	if (label == NULL || !backup_label_parse(&manifest->label, label))
		return refuse(err, "label");
	const char *end = system_id == NULL ? NULL : wal_system_id_read(system_id, &manifest->system_id);
	return end != NULL && *end == '\0' ? STATUS_OK : refuse(err, "system_id");
}

static enum status read_object(struct manifest *manifest, const json_t *object, struct error *err)
{
	enum status st = read_head(manifest, object, err);
	for (size_t i = 0; !st && i < FIELD_COUNT; i++)
		if (!read_field(manifest, &fields[i], json_object_get(object, fields[i].name)))
			st = refuse(err, fields[i].name);
	if (!st && (manifest->index_objects > UINT32_MAX || manifest->hashes_objects > UINT32_MAX ||
		    manifest->packs_objects > UINT32_MAX))
		st = refuse(err, "number of objects");
	if (!st)
		st = read_needs(manifest, json_object_get(object, "needs"), err);
	for (size_t i = 0; !st && i < LIST_COUNT; i++)
		st = read_pairs(at(manifest, lists[i].offset), json_object_get(object, lists[i].name), lists[i].name,
				err);
	return st;
}

enum status manifest_read(struct manifest *out, const struct buffer *json, struct error *err)
{
	json_error_t ignored;
	*out = (struct manifest){0};
	json_t *object = json_loadb((const char *)json->data, json->len, JSON_REJECT_DUPLICATES, &ignored);
	if (!json_is_object(object)) {
		json_decref(object);
		return error_set(err, STATUS_DAMAGED, "damaged: not a manifest");
	}
	enum status st = read_object(out, object, err);
	json_decref(object);
	return st;
}

static void free_pairs(struct manifest_pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		free(pairs->items[i].name);
		free(pairs->items[i].value);
	}
	free(pairs->items);
}

void manifest_fini(struct manifest *manifest)
{
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (fields[i].kind == KIND_TEXT)
			free(*(char **)at(manifest, fields[i].offset));
	for (size_t i = 0; i < LIST_COUNT; i++)
		free_pairs(at(manifest, lists[i].offset));
	free(manifest->needs);
	*manifest = (struct manifest){0};
}
