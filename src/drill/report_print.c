/* The report of a drill as JSON, which the repository keeps, and as text. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "console/measure.h"
#include "console/print.h"
#include "drill/report.h"

#define MS_PER_S 1000.0
#define HOST_MAX 256
#define PART_NAME_MAX 32
#define OUTPUT_LINES_MAX 10 /* of a file of drill-sql, as text; JSON has all of them */

static json_t *seconds_if(bool known, int64_t ms)
{
	return known && ms >= 0 ? json_real((double)ms / MS_PER_S) : json_null();
}

/* "choose_seconds" and so on. */
static bool add_seconds(json_t *all, const struct drill_report *report)
{
	char name[PART_NAME_MAX];
	bool added = true;
	for (enum drill_part part = 0; part < DRILL_PART_COUNT; part++) {
		(void)snprintf(name, sizeof name, "%s_seconds", drill_part_name(part));
		added &= json_object_set_new(all, name, seconds_if(report->ran[part], report->ms[part])) == 0;
	}
	return added;
}

static json_t *findings_json(const struct drill_report *report)
{
	json_t *all = json_array();
	for (size_t i = 0; i < report->finding_count; i++) {
		const struct drill_finding *finding = &report->findings[i];
		(void)json_array_append_new(
		    all,
		    json_pack("{s:s, s:i, s:o, s:o, s:o}", "part", drill_part_name(finding->part), "exit_code",
			      status_exit_code(finding->status, EXIT_FOR_PUSH), "text", print_string(finding->text),
			      "hint", print_string(finding->hint), "meaning", print_string(report_meaning(finding))));
	}
	return all;
}

static json_t *results_json(const struct drill_report *report)
{
	json_t *all = json_array();
	for (size_t i = 0; i < report->result_count; i++)
		(void)json_array_append_new(all, json_pack("{s:o, s:o}", "file", print_string(report->results[i].file),
							   "output", print_string(report->results[i].output)));
	return all;
}

static json_t *restored_json(const struct drill_report *report)
{
	const struct restore_result *restored = &report->restored;
	bool chosen = restored->chosen;
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "backup",
			 print_string(chosen ? restored->backup.text : NULL), "backup_ended_time",
			 print_time(chosen ? restored->backup_ended_s : 0), "target", print_string(restored->target),
			 "timeline", print_integer_if(chosen, restored->timeline), "replay_segments",
			 print_integer_if(chosen, (json_int_t)restored->replay_segments), "later_segments",
			 print_integer_if(report->ran[DRILL_REPLAY], (json_int_t)report->later_segments), "files",
			 print_integer_if(chosen, (json_int_t)restored->files), "bytes",
			 print_integer_if(chosen, (json_int_t)restored->bytes), "read_bytes",
			 print_integer_if(report->ran[DRILL_REPLAY], (json_int_t)restored->read_bytes), "written_bytes",
			 print_integer_if(report->ran[DRILL_REPLAY], (json_int_t)restored->written_bytes));
}

enum status report_json(struct buffer *out, const struct drill_report *report, struct error *err)
{
	char host[HOST_MAX] = "";
	int64_t rpo_s = report_rpo_s(report);
	(void)gethostname(host, sizeof host - 1);
	json_t *all = json_pack("{s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:b, s:b}", "kind", "drill", "ok",
				(int)(report->finding_count == 0), "label", print_string(report->name.label),
				"system_id", print_system_id(report->system_id), "host", print_string(host),
				"begun_time", print_time(report->begun_s), "ended_time", print_time(report->ended_s),
				"to_end", (int)report->to_end, "random", (int)report->random);
	json_t *restored = restored_json(report);
	json_t *rest = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "newest_transaction_time",
				 print_time_us(report->newest_us), "replayed_lsn", print_string(report->replayed_lsn),
				 "rpo_seconds", print_integer_if(rpo_s >= 0, rpo_s), "rto_seconds",
				 seconds_if(true, report_rto_ms(report)), "estimate_seconds",
				 seconds_if(true, report->estimate_ms), "databases",
				 print_integer_if(report->opened, (json_int_t)report->databases), "page_checksums",
				 report->opened ? json_boolean(report->checksums) : json_null(), "amcheck_skipped",
				 print_string(report->skipped_amcheck), "sql", results_json(report), "findings",
				 findings_json(report), "kept", print_string(report->kept));
	bool whole =
	    json_object_update(all, restored) == 0 && json_object_update(all, rest) == 0 && add_seconds(all, report);
	json_decref(restored);
	json_decref(rest);
	if (whole)
		return print_line(out, all, err);
	json_decref(all);
	return error_set(err, STATUS_LOCAL, "out of memory");
}

static enum status add_recovered(struct buffer *out, const struct drill_report *report, struct error *err)
{
	char newest[TARGET_TIME_MAX], rpo[MEASURE_MAX];
	int64_t rpo_s = report_rpo_s(report);
	if (!report->opened)
		return STATUS_OK;
	target_time_text(report->newest_us, newest);
	measure_seconds(rpo_s, rpo);
	enum status st =
	    report->newest_us == 0
		? buffer_printf(out, err, "recovered  to %s; no transaction after the backup", report->replayed_lsn)
		: buffer_printf(out, err, "recovered  to %s, the newest transaction at %s", report->replayed_lsn,
				newest);
	if (!st && rpo_s >= 0)
		st = buffer_printf(out, err, ", %s before the drill (RPO)", rpo);
	return st ? st : buffer_printf(out, err, "\n");
}

static enum status add_times(struct buffer *out, const struct drill_report *report, struct error *err)
{
	int64_t rto_ms = report_rto_ms(report);
	enum status st = buffer_printf(out, err, "took      ");
	for (enum drill_part part = 0; !st && part < DRILL_PART_COUNT; part++)
		if (report->ran[part])
			st = buffer_printf(out, err, " %s %.1f s", drill_part_name(part),
					   (double)report->ms[part] / MS_PER_S);
	if (!st && report->opened)
		st = buffer_printf(out, err, "\nopen       after %.1f s (RTO)", (double)rto_ms / MS_PER_S);
	if (!st && report->estimate_ms >= 0)
		st = buffer_printf(out, err, "; a recovery of today would take about %.1f s",
				   (double)report->estimate_ms / MS_PER_S);
	return st ? st : buffer_printf(out, err, "\n");
}

/* The first lines, indented. */
static enum status add_output(struct buffer *out, const char *text, struct error *err)
{
	enum status st = STATUS_OK;
	int lines = 0;
	for (; !st && *text != '\0' && lines < OUTPUT_LINES_MAX; lines++) {
		int len = 0;
		while (text[len] != '\0' && text[len] != '\n')
			len++;
		st = buffer_printf(out, err, "           %.*s\n", len, text);
		text += len + (text[len] == '\n');
	}
	return st || *text == '\0' ? st : buffer_printf(out, err, "           ...\n");
}

static enum status add_checks(struct buffer *out, const struct drill_report *report, struct error *err)
{
	enum status st = STATUS_OK;
	if (!report->opened)
		return STATUS_OK;
	st = buffer_printf(
	    out, err, "checks     %" PRIu64 " database%s opened; pg_amcheck %s%s; page checksums %s\n",
	    report->databases, report->databases == 1 ? "" : "s", report->skipped_amcheck == NULL ? "ran" : "skipped: ",
	    report->skipped_amcheck == NULL ? "" : report->skipped_amcheck, report->checksums ? "read" : "are off");
	for (size_t i = 0; !st && i < report->result_count; i++) {
		st = buffer_printf(out, err, "sql        %s\n", report->results[i].file);
		if (!st)
			st = add_output(out, report->results[i].output, err);
	}
	return st;
}

static enum status add_findings(struct buffer *out, const struct drill_report *report, struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < report->finding_count; i++) {
		const struct drill_finding *finding = &report->findings[i];
		st = buffer_printf(out, err, "✗ %-8s %s\n           this means: %s\n", drill_part_name(finding->part),
				   finding->text, report_meaning(finding));
	}
	return st;
}

enum status report_text(struct buffer *out, const struct drill_report *report, struct error *err)
{
	const struct restore_result *restored = &report->restored;
	char ended[UTC_TEXT_SIZE], bytes[MEASURE_MAX];
	enum status st = STATUS_OK;
	utc_text(restored->backup_ended_s, ended);
	measure_bytes(restored->bytes, bytes);
	if (restored->chosen)
		st = buffer_printf(out, err,
				   "backup     %s, ended %s: %" PRIu64 " files, %s\ntarget     %s\n"
				   "WAL        %" PRIu64 " segment%s to replay\n",
				   restored->backup.text, ended, restored->files, bytes, restored->target,
				   restored->replay_segments, restored->replay_segments == 1 ? "" : "s");
	if (!st && report->later_segments > 0)
		st = buffer_printf(out, err, "           %" PRIu64 " of them streamed, or archived meanwhile\n",
				   report->later_segments);
	if (!st)
		st = add_recovered(out, report, err);
	if (!st)
		st = add_times(out, report, err);
	if (!st)
		st = add_checks(out, report, err);
	if (!st && report->kept != NULL)
		st = buffer_printf(out, err, "kept       %s\n", report->kept);
	if (!st)
		st = add_findings(out, report, err);
	return st ? st
		  : buffer_printf(out, err, "%s\n",
				  report->finding_count == 0 ? "✓ the recovery works" : "✗ the drill failed");
}
