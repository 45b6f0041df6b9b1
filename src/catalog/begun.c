#include "catalog/begun.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "console/print.h"
#include "pg/server/online_backup.h"
#include "pg/wal/name.h"
#include "repo/object.h"

#define KIND "walship backup begun"
#define BEGUN_BYTES_MAX (64UL * 1024) /* written with less than 1 KiB */

static json_t *lsn_json(uint64_t lsn)
{
	char text[32];
	(void)snprintf(text, sizeof text, "%" PRIX64 "/%" PRIX64, lsn >> 32, lsn & UINT32_MAX);
	return print_string(lsn == 0 ? NULL : text);
}

enum status backup_begun_write(struct buffer *out, const struct backup_begun *begun, int pid, struct error *err)
{
	return print_line(out,
			  json_pack("{s:s, s:s, s:o, s:o, s:o, s:i, s:o}", "kind", KIND, "label", begun->label.text,
				    "system_id", print_system_id(begun->system_id), "parent",
				    print_string(begun->parent.text), "host", print_string(begun->host), "pid", pid,
				    "redo_lsn", lsn_json(begun->redo_lsn)),
			  err);
}

static bool is_text(const json_t *object, const char *name, const char *expected)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL && strcmp(text, expected) == 0;
}

/* A backup of an older walship has no redo_lsn. */
static bool read_fields(struct backup_begun *out, const json_t *object)
{
	const char *parent = json_string_value(json_object_get(object, "parent"));
	const char *redo = json_string_value(json_object_get(object, "redo_lsn"));
	const char *host = json_string_value(json_object_get(object, "host"));
	(void)snprintf(out->host, sizeof out->host, "%s", host == NULL ? "" : host);
	if (redo != NULL && !lsn_parse(redo, &out->redo_lsn))
		return false;
	if (parent == NULL)
		return out->label.type == BACKUP_FULL && json_is_null(json_object_get(object, "parent"));
	return backup_label_parse(&out->parent, parent) && out->parent.begun_s < out->label.begun_s;
}

static bool read_object(struct backup_begun *out, const struct buffer *text)
{
	char system_id[24];
	json_error_t ignored;
	(void)snprintf(system_id, sizeof system_id, "%" PRIu64, out->system_id);
	json_t *object = json_loadb((const char *)text->data, text->len, JSON_REJECT_DUPLICATES, &ignored);
	bool valid = is_text(object, "kind", KIND) && is_text(object, "label", out->label.text) &&
		     is_text(object, "system_id", system_id) && read_fields(out, object);
	json_decref(object);
	return valid;
}

enum status backup_begun_read(struct backup_begun *out, const struct repository *repo, const struct call *call,
			      uint64_t system_id, const struct backup_label *label, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {.max = BEGUN_BYTES_MAX};
	char name[BACKUP_OBJECT_NAME_MAX];
	*out = (struct backup_begun){.label = *label, .system_id = system_id};
	backup_object_name(name, system_id, label, PART_BEGUN, 0);
	enum status st = object_read(repo, call, name, &text, NULL, err);
	if (st || read_object(out, &text))
		return st;
	(void)error_set(err, STATUS_DAMAGED, "damaged: it does not say what the backup needs");
	return error_wrap(err, STATUS_DAMAGED, "%s", name);
}
