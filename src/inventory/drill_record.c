#include "inventory/drill_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "console/print.h"
#include "repo/object.h"

static enum status take_name(void *arg, const struct object_info *info, struct error *err)
{
	struct drill_names *names = arg;
	struct drill_name name;
	if (info->directory || !drill_name_parse(&name, info->name))
		return STATUS_OK;
	struct drill_name *items = array_grow(names->items, names->count, &names->capacity, sizeof *items);
	if (items == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	names->items = items;
	items[names->count++] = name;
	return STATUS_OK;
}

enum status drill_names_list(struct drill_names *out, const struct repository *repo, const struct call *call,
			     uint64_t system_id, struct error *err)
{
	char prefix[DRILL_OBJECT_NAME_MAX];
	*out = (struct drill_names){0};
	drill_prefix(prefix, system_id);
	return store_list(repo->store, call, prefix, take_name, out, err);
}

void drill_names_fini(struct drill_names *names)
{
	free(names->items);
	*names = (struct drill_names){0};
}

static void take_text(char *out, size_t size, const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	(void)snprintf(out, size, "%s", text == NULL ? "" : text);
}

static double seconds_of(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	return json_is_number(value) ? json_number_value(value) : -1;
}

static enum status take_record(struct drill_record *out, const json_t *report, struct error *err)
{
	const json_t *rpo = json_object_get(report, "rpo_seconds");
	const char *kind = json_string_value(json_object_get(report, "kind"));
	if (kind == NULL || strcmp(kind, "drill") != 0 || !json_is_boolean(json_object_get(report, "ok")))
		return error_set(err, STATUS_DAMAGED, "not the report of a drill");
	out->ok = json_is_true(json_object_get(report, "ok"));
	out->rpo_s = json_is_integer(rpo) ? json_integer_value(rpo) : -1;
	out->rto_s = seconds_of(report, "rto_seconds");
	out->replay_s = seconds_of(report, "replay_seconds");
	take_text(out->backup, sizeof out->backup, report, "backup");
	take_text(out->target, sizeof out->target, report, "target");
	take_text(out->problem, sizeof out->problem, json_array_get(json_object_get(report, "findings"), 0), "text");
	return STATUS_OK;
}

enum status drill_record_read(struct drill_record *out, struct buffer *json, const struct repository *repo,
			      const struct call *call, const struct drill_name *name, struct error *err)
{
	json_error_t ignored;
	*out = (struct drill_record){.begun_s = name->begun_s};
	buffer_clear(json);
	json->max = DRILL_RECORD_BYTES_MAX;
	enum status st = object_read(repo, call, name->object, json, NULL, err);
	if (st)
		return st;
	json_t *report = json_loadb((const char *)json->data, json->len, 0, &ignored);
	st = take_record(out, report, err);
	json_decref(report);
	return st ? error_wrap(err, st, "%s", name->object) : STATUS_OK;
}
