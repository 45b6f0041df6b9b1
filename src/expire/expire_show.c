/* What expire prints: the same in a dry run and in a real one, but for what happens during the removal. */
#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "console/measure.h"
#include "console/print.h"
#include "expire/expiry.h"

static const struct {
	const char *name, *text;
} wal_kept[] = {
#define WAL_KEPT(id, name, text) {name, text},
#include "expire/wal_kept.def"
#undef WAL_KEPT
};

/* Of a text with %s at most once. */
static enum status put_filled(struct buffer *out, const char *text, const struct listed_backup *backup,
			      struct error *err)
{
	const char *rest = text;
	for (; *rest != '\0' && !(rest[0] == '%' && rest[1] == 's'); rest++)
		;
	enum status st = buffer_append(out, text, (size_t)(rest - text), err);
	if (st || *rest == '\0')
		return st;
	return buffer_printf(out, err, "%s%s", backup == NULL ? "" : backup->label.text, rest + 2);
}

static const struct listed_backup *named_by(const struct verdict *verdict, enum reason reason)
{
	return reason == REASON_MAY_BE_NEEDED ? verdict->may_be_needed_by : verdict->needed_by;
}

/* Of a backup that goes: what goes with it. */
static uint64_t bytes_of(const struct expiry *expiry, size_t i)
{
	const struct listed_backup *backup = &expiry->list.items[i];
	return backup->complete ? backup->manifest.stored_bytes : expiry->unfinished[i].bytes;
}

static enum status put_kept(struct buffer *out, const struct verdict *verdict, struct error *err)
{
	enum status st = STATUS_OK;
	const char *separator = ": ";
	for (enum reason reason = 0; !st && reason < REASON_COUNT; reason++) {
		if ((verdict->reasons & reason_bit(reason)) == 0)
			continue;
		st = buffer_printf(out, err, "%s", separator);
		if (!st)
			st = put_filled(out, reason_text(reason), named_by(verdict, reason), err);
		separator = ", ";
	}
	return st;
}

static enum status put_backup(struct buffer *out, const struct expiry *expiry, size_t i, struct error *err)
{
	const struct listed_backup *backup = &expiry->list.items[i];
	bool goes = expiry->verdicts[i].reasons == 0;
	char size[MEASURE_MAX];
	measure_bytes(bytes_of(expiry, i), size);
	enum status st = buffer_printf(out, err, "%s base backup %s", goes ? "remove" : "keep", backup->label.text);
	if (!st && goes)
		st = buffer_printf(out, err, ": %s%s", backup->complete ? "" : "never finished, ", size);
	else if (!st)
		st = put_kept(out, &expiry->verdicts[i], err);
	return st ? st : buffer_append(out, "\n", 1, err);
}

static json_t *json_reasons(const struct verdict *verdict)
{
	json_t *array = json_array();
	for (enum reason reason = 0; reason < REASON_COUNT; reason++)
		if ((verdict->reasons & reason_bit(reason)) != 0 &&
		    json_array_append_new(array, json_string(reason_name(reason))) != 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *json_label(const struct listed_backup *backup)
{
	return print_string(backup == NULL ? NULL : backup->label.text);
}

static json_t *json_backup(const struct expiry *expiry, size_t i)
{
	const struct listed_backup *backup = &expiry->list.items[i];
	const struct verdict *verdict = &expiry->verdicts[i];
	bool goes = verdict->reasons == 0;
	return json_pack("{s:s, s:o, s:s, s:s, s:b, s:b, s:o, s:o, s:o, s:o}", "kind", "expire_backup", "system_id",
			 print_system_id(expiry->system_id), "label", backup->label.text, "type",
			 backup_type_name(backup->label.type), "complete", (int)backup->complete, "keep", (int)!goes,
			 "reasons", json_reasons(verdict), "needed_by", json_label(verdict->needed_by),
			 "may_be_needed_by", json_label(verdict->may_be_needed_by), "stored_bytes",
			 print_integer_if(goes, (int64_t)bytes_of(expiry, i)));
}

enum status expiry_show_backups(const struct expiry *expiry, struct error *err)
{
	const struct expire_params *params = expiry->params;
	CLEANUP(buffer_fini) struct buffer text = {0};
	enum status st = STATUS_OK;
	if (!params->json)
		st = buffer_printf(&text, err, "cluster %" PRIu64 "%s\n", expiry->system_id,
				   expiry->list.count == 0 ? ": no base backups" : "");
	for (size_t i = 0; !st && i < expiry->list.count; i++)
		st = params->json ? print_line(&text, json_backup(expiry, i), err) : put_backup(&text, expiry, i, err);
	return st || text.len == 0 ? st : print_text(params->console, &text, err);
}

/*
 * WAL.
 */

struct range_names {
	struct wal_name first, last;
};

static struct range_names names_of(const struct expiry *expiry, const struct wal_range *range)
{
	struct range_names names;
	wal_name_of_number(&names.first, range->timeline, range->first, expiry->floor.segment_bytes);
	wal_name_of_number(&names.last, range->timeline, range->last, expiry->floor.segment_bytes);
	return names;
}

static enum status put_range(struct buffer *out, const struct expiry *expiry, const struct wal_range *range,
			     struct error *err)
{
	struct range_names names = names_of(expiry, range);
	char size[MEASURE_MAX];
	measure_bytes(range->bytes, size);
	return buffer_printf(out, err, "remove WAL from %s to %s: %" PRIu64 " object%s, %s\n", names.first.text,
			     names.last.text, range->objects, range->objects == 1 ? "" : "s", size);
}

static json_t *json_range(const struct expiry *expiry, const struct wal_range *range)
{
	struct range_names names = names_of(expiry, range);
	return json_pack("{s:s, s:o, s:I, s:s, s:s, s:I, s:I}", "kind", "expire_wal", "system_id",
			 print_system_id(expiry->system_id), "timeline", (json_int_t)range->timeline, "first",
			 names.first.text, "last", names.last.text, "objects", (json_int_t)range->objects, "bytes",
			 (json_int_t)range->bytes);
}

static enum status put_kept_wal(struct buffer *out, const struct expiry *expiry, struct error *err)
{
	enum status st = buffer_printf(out, err, "keep all WAL: ");
	if (!st)
		st = put_filled(out, wal_kept[expiry->wal_kept].text, expiry->floor.by, err);
	return st ? st : buffer_append(out, "\n", 1, err);
}

static enum status put_wal(struct buffer *out, const struct expiry *expiry, struct error *err)
{
	bool json = expiry->params->json;
	enum status st = STATUS_OK;
	if (!json && expiry->wal_kept != WAL_KEPT_NO)
		st = put_kept_wal(out, expiry, err);
	for (size_t i = 0; !st && i < expiry->wal.count; i++)
		st = json ? print_line(out, json_range(expiry, &expiry->wal.ranges[i]), err)
			  : put_range(out, expiry, &expiry->wal.ranges[i], err);
	return st;
}

/*
 * The end.
 */

static json_t *json_sum(const struct expiry *expiry)
{
	const struct removal *removal = &expiry->removal;
	return json_pack(
	    "{s:s, s:o, s:b, s:I, s:I, s:I, s:I, s:o, s:I, s:o, s:I, s:I, s:o}", "kind", "expire", "system_id",
	    print_system_id(expiry->system_id), "dry_run", (int)expiry->params->dry_run, "backups",
	    (json_int_t)expiry->backups, "unfinished_backups", (json_int_t)expiry->leftovers, "dumps",
	    (json_int_t)expiry->dumps.dumps, "unfinished_dumps", (json_int_t)expiry->dumps.leftovers, "wal_kept",
	    print_string(wal_kept[expiry->wal_kept].name), "refused_objects", (json_int_t)removal->refused, "refusal",
	    print_string(removal->refused == 0 ? NULL : removal->why.text), "unfinished_uploads",
	    (json_int_t)expiry->uploads.count, "refused_uploads", (json_int_t)expiry->uploads.refused, "upload_refusal",
	    print_string(expiry->uploads.refused == 0 ? NULL : expiry->uploads.why.text));
}

static enum status put_uploads(struct buffer *out, const struct expiry *expiry, struct error *err)
{
	const struct expire_uploads *uploads = &expiry->uploads;
	enum status st = STATUS_OK;
	if (uploads->count > 0)
		st = buffer_printf(out, err, "remove %" PRIu64 " upload%s that never finished\n", uploads->count,
				   uploads->count == 1 ? "" : "s");
	if (!st && uploads->refused > 0)
		st = buffer_printf(out, err, "the store refused to list or abort uploads (%" PRIu64 "): %s\n",
				   uploads->refused, uploads->why.text);
	return st;
}

static enum status put_end(struct buffer *out, const struct expiry *expiry, struct error *err)
{
	const struct removal *removal = &expiry->removal;
	if (expiry->params->json)
		return print_line(out, json_sum(expiry), err);
	enum status st = put_uploads(out, expiry, err);
	if (st)
		return st;
	if (expiry->params->dry_run)
		return buffer_printf(out, err, "dry run: nothing was removed\n");
	if (removal->refused == 0)
		return STATUS_OK;
	return buffer_printf(out, err, "the store refused to remove %" PRIu64 " object%s, which stay%s: %s\n",
			     removal->refused, removal->refused == 1 ? "" : "s", removal->refused == 1 ? "s" : "",
			     removal->why.text);
}

enum status expiry_show_rest(const struct expiry *expiry, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	enum status st = put_wal(&text, expiry, err);
	if (!st)
		st = put_end(&text, expiry, err);
	return st || text.len == 0 ? st : print_text(expiry->params->console, &text, err);
}
