#include "verify/verify_dumps.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "catalog/dump_read.h"
#include "console/measure.h"
#include "console/print.h"
#include "inventory/dump_show.h"
#include "stream/terminal_sink.h"

#define NOTED_TIMELINE 1 /* the notes are of segments, which have one */

static bool is_open(const struct listed_dump *dump)
{
	return dump->complete && dump->status == STATUS_OK;
}

/*
 * The content.
 */

static enum status print_damage(const struct dump_judge *judge, const char *object, const struct error *trouble,
				struct error *err)
{
	CLEANUP(buffer_fini) struct buffer line = {0};
	progress_clear(judge->progress);
	enum status st = judge->params->json ? print_line(&line,
							  json_pack("{s:s, s:s, s:o}", "kind", "damaged", "object",
								    object, "error", print_string(trouble->text)),
							  err)
					     : buffer_printf(&line, err, "✗ %s: %s\n", object, trouble->text);
	return st ? st : print_text(judge->params->console, &line, err);
}

/* Damage is a finding. */
static enum status read_item(const struct dump_judge *judge, const struct listed_dump *dump,
			     const struct dump_item *item, struct dump_verdict *verdict, struct dump_totals *totals,
			     struct error *err)
{
	struct unseal_lack lack = {0};
	struct sink discard = terminal_sink_null();
	struct error trouble = {0};
	struct dump_reading reading = {.repo = judge->repo,
				       .call = judge->params->call,
				       .system_id = dump->manifest.system_id,
				       .label = &dump->label,
				       .threads = (unsigned)judge->params->threads,
				       .lack = &lack};
	if (progress_is_due(judge->progress))
		progress_show(judge->progress, "dump %s: %s", dump->label.text, item->name);
	enum status st = dump_item_read(&reading, item, &discard, &trouble);
	if (st == STATUS_DAMAGED) {
		verdict->damaged = true;
		totals->locked += lack.lacks;
		return print_damage(judge, reading.object, &trouble, err);
	}
	*err = trouble;
	return st;
}

static enum status read_dump(const struct dump_judge *judge, const struct listed_dump *dump,
			     struct dump_verdict *verdict, struct dump_totals *totals, struct error *err)
{
	const struct verified_run run = {clock_utc_s(judge->params->call->clock), dump->newest_s};
	uint64_t number = (uint64_t)dump->label.begun_s;
	enum status st = STATUS_OK;
	if (verified_has(judge->notes, NOTED_TIMELINE, number, dump->newest_s))
		return STATUS_OK;
	for (size_t i = 0; !st && !verdict->damaged && i < dump->manifest.count; i++)
		st = read_item(judge, dump, &dump->manifest.items[i], verdict, totals, err);
	if (st)
		return st;
	st = verdict->damaged ? verified_remove(judge->notes, NOTED_TIMELINE, number, err)
			      : verified_add(judge->notes, NOTED_TIMELINE, number, &run, err);
	if (!st && verified_save(judge->notes, err) != STATUS_OK)
		log_line(judge->params->call->log, LEVEL_WARNING, "could not save the verify notes: %s", err->text);
	return st;
}

/*
 * The verdicts.
 */

static bool is_broken(const struct dump_verdict *verdict)
{
	return verdict->faults.missing + verdict->faults.wrong_size > 0;
}

static enum status judge_dump(const struct dump_judge *judge, const struct listed_dump *dump,
			      struct dump_verdict *verdict, struct dump_totals *totals, struct error *err)
{
	totals->dumps += dump->complete;
	if (dump->complete && dump->status == STATUS_DAMAGED) {
		totals->locked += dump->lack.lacks;
		totals->damaged += !dump->lack.lacks;
	}
	if (!is_open(dump))
		return STATUS_OK;
	enum status st = dump_look_for_faults(&verdict->faults, dump, judge->repo, judge->params->call, err);
	verdict->judged = !st;
	totals->broken += is_broken(verdict);
	if (st || judge->notes == NULL || is_broken(verdict) || verdict->faults.archived > 0)
		return st;
	uint64_t locked = totals->locked;
	st = read_dump(judge, dump, verdict, totals, err);
	totals->damaged += verdict->damaged && totals->locked == locked;
	return st;
}

enum status verify_dumps_judge(const struct dump_judge *judge, const struct dump_list *list, struct dump_verdict **out,
			       struct dump_totals *totals, struct error *err)
{
	enum status st = STATUS_OK;
	*out = calloc(list->count + 1, sizeof **out);
	if (*out == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	for (size_t i = 0; !st && i < list->count; i++)
		st = judge_dump(judge, &list->items[i], &(*out)[i], totals, err);
	progress_clear(judge->progress);
	return st;
}

/*
 * The output.
 */

json_t *verify_dumps_json(uint64_t system_id, const struct dump_list *list, const struct dump_verdict *verdicts)
{
	json_t *array = dump_list_json(system_id, list);
	for (size_t i = 0; array != NULL && i < list->count; i++) {
		const struct dump_verdict *verdict = &verdicts[i];
		json_t *more = json_pack(
		    "{s:o, s:o, s:o}", "whole",
		    verdict->judged ? json_boolean(!is_broken(verdict) && !verdict->damaged) : json_null(), "faults",
		    print_integer_if(verdict->judged, (int64_t)(verdict->faults.missing + verdict->faults.wrong_size)),
		    "archived_objects", print_integer_if(verdict->judged, (int64_t)verdict->faults.archived));
		if (json_object_update_new(json_array_get(array, i), more) != 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static enum status show_fault(struct buffer *out, const struct listed_dump *dump, const struct dump_verdict *verdict,
			      struct error *err)
{
	uint64_t faults = verdict->faults.missing + verdict->faults.wrong_size;
	if (!verdict->judged)
		return buffer_printf(out, err, "✗ dump %s: %s\n", dump->label.text, dump->error);
	if (faults == 0)
		return buffer_printf(out, err, "✗ dump %s: damaged\n", dump->label.text);
	return buffer_printf(out, err, "✗ dump %s: %" PRIu64 " object%s missing or of another size; the first is %s\n",
			     dump->label.text, faults, faults == 1 ? " is" : "s are", verdict->faults.first);
}

static enum status show(struct buffer *out, const struct listed_dump *dump, const struct dump_verdict *verdict,
			struct error *err)
{
	char size[MEASURE_MAX];
	if (!dump->complete)
		return buffer_printf(out, err, "  dump %s: not finished\n", dump->label.text);
	if (!verdict->judged || verdict->damaged || is_broken(verdict))
		return show_fault(out, dump, verdict, err);
	measure_bytes(dump_manifest_sums(&dump->manifest).bytes, size);
	return buffer_printf(out, err, "✓ dump %s: whole, %s%s\n", dump->label.text, size,
			     verdict->faults.archived > 0 ? ", some of it in an archive storage class" : "");
}

enum status verify_dumps_show(struct buffer *out, const struct dump_list *list, const struct dump_verdict *verdicts,
			      struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < list->count; i++)
		st = show(out, &list->items[i], &verdicts[i], err);
	return st;
}

enum status verify_dumps_conclude(const struct dump_totals *totals, struct error *err)
{
	uint64_t damaged = totals->damaged + totals->locked;
	if (damaged > 0)
		return error_hint(err,
				  error_set(err, STATUS_DAMAGED, "%" PRIu64 " dump%s damaged or cannot be opened",
					    damaged, damaged == 1 ? " is" : "s are"),
				  "the lines above name the dumps; add a missing key as a further cipher-key-file, or "
				  "make a new dump");
	if (totals->broken > 0)
		return error_hint(err,
				  error_set(err, STATUS_INCOMPLETE, "%" PRIu64 " dump%s not whole", totals->broken,
					    totals->broken == 1 ? " is" : "s are"),
				  "copy the missing objects back from a mirror, or make a new dump");
	return STATUS_OK;
}
