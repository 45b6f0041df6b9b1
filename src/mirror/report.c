#include "mirror/report.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "console/measure.h"
#include "console/print.h"

static const char *const results[] = {
    [TRANSFER_COPIED] = "copied",        [TRANSFER_PRESENT] = "present",       [TRANSFER_CONFLICT] = "conflict",
    [TRANSFER_DAMAGED] = "damaged",      [TRANSFER_UNREADABLE] = "unreadable", [TRANSFER_ARCHIVED] = "archived",
    [TRANSFER_GONE] = "removed_objects",
};

void report_begin(struct report *report, const struct mirror_params *params)
{
	*report = (struct report){.params = params};
	progress_begin(&report->progress, params->console->terminal_fd, params->call->clock);
}

void report_progress(struct report *report)
{
	char bytes[MEASURE_MAX];
	if (!progress_is_due(&report->progress))
		return;
	measure_bytes(report->copied_bytes, bytes);
	progress_show(&report->progress, "%" PRIu64 " objects compared, %" PRIu64 " of %" PRIu64 " copied, %s",
		      report->looked, report->copied, report->lacking, bytes);
}

static enum status print_object(struct report *report, const char *name, const uint64_t *bytes, const char *result,
				const char *why, struct error *err)
{
	const struct console *console = report->params->console;
	CLEANUP(buffer_fini) struct buffer line = {0};
	progress_clear(&report->progress);
	if (report->params->json)
		return print_json(console,
				  json_pack("{s:s, s:o, s:s, s:o, s:o}", "kind", "object", "object", print_string(name),
					    "result", result, "bytes",
					    print_integer_if(bytes != NULL, bytes == NULL ? 0 : (int64_t)*bytes),
					    "error", print_string(why)),
				  err);
	enum status st = why[0] == '\0' ? buffer_printf(&line, err, "%s %s\n", result, name)
					: buffer_printf(&line, err, "✗ %s: %s\n", name, why);
	return st ? st : print_text(console, &line, err);
}

enum status report_lacking(struct report *report, const struct mirror_entry *entry, struct error *err)
{
	report->lacking++;
	report->lacking_bytes += entry->bytes;
	return report->params->dry_run ? print_object(report, entry->name, &entry->bytes, "lacking", "", err)
				       : STATUS_OK;
}

enum status report_outcome(struct report *report, const struct mirror_entry *entry, enum transfer_outcome outcome,
			   const struct error *trouble, struct error *err)
{
	report->copied += outcome == TRANSFER_COPIED;
	report->copied_bytes += outcome == TRANSFER_COPIED ? entry->bytes : 0;
	report->conflicts += outcome == TRANSFER_CONFLICT;
	report->damaged += outcome == TRANSFER_DAMAGED;
	report->unreadable += outcome == TRANSFER_UNREADABLE || outcome == TRANSFER_ARCHIVED;
	report->gone += outcome == TRANSFER_GONE;
	report_progress(report);
	if (outcome == TRANSFER_COPIED || outcome == TRANSFER_PRESENT || outcome == TRANSFER_GONE)
		return STATUS_OK;
	report->failed_bytes += entry->bytes;
	return print_object(report, entry->name, &entry->bytes, results[outcome], trouble->text, err);
}

enum status report_put_off(struct report *report, const char *manifest, struct error *err)
{
	report->put_off++;
	return print_object(report, manifest, NULL, "put_off",
			    "not copied, because the backup may need objects that could not be copied", err);
}

static enum status print_totals(const struct report *report, struct error *err)
{
	const struct mirror_params *params = report->params;
	CLEANUP(buffer_fini) struct buffer out = {0};
	char bytes[MEASURE_MAX];
	if (params->json)
		return print_json(
		    params->console,
		    json_pack("{s:s, s:o, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "kind", "total",
			      "copy", print_string(params->copy->url), "dry_run", params->dry_run, "objects",
			      (json_int_t)report->looked, "lacking_objects", (json_int_t)report->lacking,
			      "lacking_bytes", (json_int_t)report->lacking_bytes, "copied_objects",
			      (json_int_t)report->copied, "copied_bytes", (json_int_t)report->copied_bytes,
			      "conflicting_objects", (json_int_t)report->conflicts, "damaged_objects",
			      (json_int_t)report->damaged, "unreadable_objects", (json_int_t)report->unreadable,
			      "removed_objects", (json_int_t)report->gone, "unfinished_backups",
			      (json_int_t)report->unfinished, "put_off_backups", (json_int_t)report->put_off),
		    err);
	measure_bytes(params->dry_run ? report->lacking_bytes : report->copied_bytes, bytes);
	enum status st =
	    params->dry_run
		? buffer_printf(&out, err, "%s lacks %" PRIu64 " of %" PRIu64 " objects, %s\n", params->copy->url,
				report->lacking, report->looked, bytes)
		: buffer_printf(&out, err,
				"%" PRIu64 " objects, %s, copied to %s; it lacked %" PRIu64 " of %" PRIu64 "\n",
				report->copied, bytes, params->copy->url, report->lacking, report->looked);
	if (!st && report->unfinished > 0)
		st = buffer_printf(&out, err, "%" PRIu64 " base backups are not finished, and left for the next run\n",
				   report->unfinished);
	return st ? st : print_text(params->console, &out, err);
}

enum status report_end(struct report *report, struct error *err)
{
	progress_clear(&report->progress);
	enum status st = print_totals(report, err);
	if (st)
		return st;
	if (report->conflicts > 0) {
		(void)error_set(err, STATUS_CONFLICT, "objects that have another size in the copy: %" PRIu64,
				report->conflicts);
		return error_hint(err, STATUS_CONFLICT,
				  "walship never replaces an object: find out who wrote them. walship verify --read on "
				  "both repositories tells which object is genuine");
	}
	if (report->damaged > 0) {
		(void)error_set(err, STATUS_DAMAGED, "damaged objects, which were not copied: %" PRIu64,
				report->damaged);
		return error_hint(err, STATUS_DAMAGED, "walship verify --read tells what can still be recovered");
	}
	if (report->unreadable > 0) {
		(void)error_set(err, STATUS_UNREACHABLE, "objects that could not be read: %" PRIu64,
				report->unreadable);
		return error_hint(err, STATUS_UNREACHABLE,
				  "this user must be able to read them, and an archive storage class must restore them "
				  "first; the next run copies them");
	}
	return STATUS_OK;
}
