#include "inventory/cluster.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "console/measure.h"
#include "console/print.h"
#include "inventory/cluster_private.h"

void lsn_text(uint64_t lsn, char out[LSN_TEXT_MAX])
{
	(void)snprintf(out, LSN_TEXT_MAX, "%" PRIX32 "/%" PRIX32, (uint32_t)(lsn >> 32), (uint32_t)lsn);
}

static double ratio_of(const struct coverage *coverage, const struct coverage_timeline *timeline)
{
	double plain = (double)timeline->segments * coverage->segment_bytes;
	return timeline->segment_bytes_stored == 0 ? 0 : plain / (double)timeline->segment_bytes_stored;
}

struct missing cluster_missing(const struct coverage *coverage)
{
	struct missing all = {0};
	for (size_t i = 0; i < coverage->timeline_count; i++) {
		all.ranges += coverage->timelines[i].gaps;
		all.segments += coverage->timelines[i].gap_segments;
	}
	return all;
}

/*
 * JSON.
 */

json_t *cluster_json_lsn(uint64_t lsn)
{
	char text[LSN_TEXT_MAX];
	lsn_text(lsn, text);
	return json_string(text);
}

json_t *cluster_json_segment(const struct coverage *coverage, uint32_t timeline, uint64_t number)
{
	struct wal_name name;
	wal_name_of_number(&name, timeline, number, coverage->segment_bytes);
	return json_string(name.text);
}

static json_t *json_timeline(const struct coverage *coverage, const struct coverage_timeline *each)
{
	bool some = each->segments > 0;
	return json_pack("{s:I, s:o, s:o, s:b, s:o, s:o, s:I, s:I, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:b}", "timeline",
			 (json_int_t)each->id, "parent", print_integer_if(each->parent != 0, each->parent),
			 "switch_lsn", each->parent == 0 ? json_null() : cluster_json_lsn(each->switch_lsn),
			 "has_history", (int)each->has_history, "first",
			 some ? cluster_json_segment(coverage, each->id, each->first) : json_null(), "last",
			 some ? cluster_json_segment(coverage, each->id, each->last) : json_null(), "segments",
			 (json_int_t)each->segments, "segments_stored_bytes", (json_int_t)each->segment_bytes_stored,
			 "ratio", json_real(ratio_of(coverage, each)), "partials", (json_int_t)each->partials,
			 "backups", (json_int_t)each->backups, "objects", (json_int_t)each->objects, "bytes",
			 (json_int_t)each->bytes, "oldest_time", print_time(each->oldest_s), "newest_time",
			 print_time(each->newest_s), "set_aside", (int)each->set_aside);
}

static json_t *json_gap(const struct coverage *coverage, const struct coverage_gap *gap)
{
	json_int_t segments = (json_int_t)gap->last - (json_int_t)gap->first + 1;
	return json_pack("{s:I, s:o, s:o, s:I, s:b}", "timeline", (json_int_t)gap->timeline, "first",
			 cluster_json_segment(coverage, gap->timeline, gap->first), "last",
			 cluster_json_segment(coverage, gap->timeline, gap->last), "segments", segments, "needed",
			 (int)gap->needed);
}

json_t *cluster_json(const struct coverage *coverage, const struct window_reader *reader, json_t *backups,
		     json_t *dumps)
{
	json_t *timelines = json_array(), *gaps = json_array(), *minimal = json_array();
	json_t *windows = cluster_windows_json(coverage, reader);
	int failed = 0;
	int whole = coverage_is_complete(coverage);
	for (size_t i = 0; i < coverage->timeline_count; i++)
		failed |= json_array_append_new(timelines, json_timeline(coverage, &coverage->timelines[i]));
	for (size_t i = 0; i < coverage->gap_count; i++)
		if (!coverage->gaps[i].lost || coverage->gaps[i].minimal)
			failed |= json_array_append_new(coverage->gaps[i].minimal ? minimal : gaps,
							json_gap(coverage, &coverage->gaps[i]));
	struct missing missing = cluster_missing(coverage);
	struct coverage_stray stray;
	bool strays;
	uint32_t latest = coverage_latest(coverage, &strays, &stray);
	json_t *all = json_pack(
	    "{s:s, s:o, s:I, s:I, s:b, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "kind", "cluster",
	    "system_id", print_system_id(coverage->system_id), "segment_bytes", (json_int_t)coverage->segment_bytes,
	    "objects", (json_int_t)coverage->objects, "whole", whole, "timelines", timelines, "gaps", gaps,
	    "needed_gaps", (json_int_t)missing.ranges, "missing_segments", (json_int_t)missing.segments, "unnamed_gaps",
	    (json_int_t)coverage->gaps_unlisted, "missing_histories", (json_int_t)coverage->missing_histories,
	    "minimal", minimal, "latest_timeline", print_integer_if(latest != 0, latest), "left_out_last",
	    strays ? cluster_json_segment(coverage, stray.newest, stray.last) : json_null(), "windows", windows,
	    "base_backups", backups, "dumps", dumps);
	if (failed == 0)
		return all;
	json_decref(all);
	return NULL;
}

/*
 * Text.
 */

static enum status show_head(struct buffer *out, const struct coverage *coverage, struct error *err)
{
	return buffer_printf(out, err, "cluster %" PRIu64 ", segments of %" PRIu32 " MiB\n", coverage->system_id,
			     coverage->segment_bytes / 1024 / 1024);
}

static enum status show_origin(struct buffer *out, const struct coverage_timeline *each, struct error *err)
{
	char lsn[LSN_TEXT_MAX];
	lsn_text(each->switch_lsn, lsn);
	return each->parent == 0 ? buffer_printf(out, err, "timeline %" PRIu32 ": ", each->id)
				 : buffer_printf(out, err, "timeline %" PRIu32 ", from %" PRIu32 " at %s: ", each->id,
						 each->parent, lsn);
}

static enum status show_segments(struct buffer *out, const struct coverage *coverage,
				 const struct coverage_timeline *each, struct error *err)
{
	struct wal_name first, last;
	wal_name_of_number(&first, each->id, each->first, coverage->segment_bytes);
	wal_name_of_number(&last, each->id, each->last, coverage->segment_bytes);
	if (each->segments == 0)
		return buffer_printf(out, err, "no segments\n");
	return buffer_printf(out, err, "%" PRIu64 " segment%s, %s to %s\n", each->segments,
			     each->segments == 1 ? "" : "s", first.text, last.text);
}

static enum status show_sizes(struct buffer *out, const struct coverage *coverage, const struct coverage_timeline *each,
			      struct error *err)
{
	char size[MEASURE_MAX], oldest[UTC_TEXT_SIZE], newest[UTC_TEXT_SIZE];
	measure_bytes(each->bytes, size);
	utc_text(each->oldest_s, oldest);
	utc_text(each->newest_s, newest);
	enum status st =
	    buffer_printf(out, err, "  %" PRIu64 " object%s, %s", each->objects, each->objects == 1 ? "" : "s", size);
	if (!st && each->segments > 0)
		st = buffer_printf(out, err, ", ratio %.1f", ratio_of(coverage, each));
	if (!st && each->objects > 0)
		st = buffer_printf(out, err, ", stored from %s to %s", oldest, newest);
	if (!st && each->partials > 0)
		st = buffer_printf(out, err, ", %" PRIu64 " .partial", each->partials);
	if (!st && each->backups > 0)
		st = buffer_printf(out, err, ", %" PRIu64 " .backup", each->backups);
	if (!st && each->gap_segments > 0)
		st = buffer_printf(out, err, ", %" PRIu64 " missing", each->gap_segments);
	return st ? st : buffer_append(out, "\n", 1, err);
}

enum status cluster_show(struct buffer *out, const struct coverage *coverage, struct error *err)
{
	enum status st = show_head(out, coverage, err);
	for (size_t i = 0; !st && i < coverage->timeline_count; i++) {
		const struct coverage_timeline *each = &coverage->timelines[i];
		st = show_origin(out, each, err);
		if (!st)
			st = show_segments(out, coverage, each, err);
		if (!st)
			st = show_sizes(out, coverage, each, err);
	}
	return st;
}

static enum status show_gap(struct buffer *out, const struct coverage *coverage, const struct coverage_gap *gap,
			    struct error *err)
{
	struct wal_name first, last;
	uint64_t count = gap->last - gap->first + 1;
	wal_name_of_number(&first, gap->timeline, gap->first, coverage->segment_bytes);
	wal_name_of_number(&last, gap->timeline, gap->last, coverage->segment_bytes);
	if (count == 1)
		return buffer_printf(out, err, "%s %s is missing%s\n", gap->needed ? "✗" : "–", first.text,
				     gap->needed ? "" : ", on an abandoned branch");
	return buffer_printf(out, err, "%s %s to %s are missing, %" PRIu64 " segments%s\n", gap->needed ? "✗" : "–",
			     first.text, last.text, count, gap->needed ? "" : ", on an abandoned branch");
}

static enum status show_minimal(struct buffer *out, const struct coverage *coverage, const struct coverage_gap *gap,
				struct error *err)
{
	struct wal_name first, last;
	wal_name_of_number(&first, gap->timeline, gap->first, coverage->segment_bytes);
	wal_name_of_number(&last, gap->timeline, gap->last, coverage->segment_bytes);
	return buffer_printf(out, err, "%s %s%s%s: written with wal_level = minimal, which recovery refuses%s\n",
			     gap->needed ? "✗" : "–", first.text, gap->first == gap->last ? "" : " to ",
			     gap->first == gap->last ? "" : last.text, gap->needed ? "" : ", on an abandoned branch");
}

static enum status show_missing_histories(struct buffer *out, const struct coverage *coverage, struct error *err)
{
	bool below = false;
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < coverage->timeline_count; i++) {
		const struct coverage_timeline *each = &coverage->timelines[i];
		if (each->segments > 0 && each->parent == 0 && below)
			st = buffer_printf(
			    out, err, "✗ %08" PRIX32 ".history is %s: the parent of timeline %" PRIu32 " is unknown\n",
			    each->id, each->has_history ? "unreadable" : "missing", each->id);
		below |= each->segments > 0;
	}
	return st;
}

static enum status show_stray(struct buffer *out, const struct coverage *coverage, const struct coverage_stray *stray,
			      struct error *err)
{
	char lsn[LSN_TEXT_MAX];
	struct wal_name last;
	lsn_text(stray->switch_lsn, lsn);
	wal_name_of_number(&last, stray->newest, stray->last, coverage->segment_bytes);
	return buffer_printf(out, err,
			     "✗ recovery to the latest timeline would follow timeline %" PRIu32
			     ", which left timeline %" PRIu32 " at %s, and leave out the newer WAL up to %s\n",
			     stray->latest, stray->parent, lsn, last.text);
}

/* Two servers archived side by side for a time: the parent stored segments after its child had begun. */
static enum status show_both(struct buffer *out, const struct coverage *coverage, const struct coverage_timeline *child,
			     struct error *err)
{
	char lsn[LSN_TEXT_MAX], time[UTC_TEXT_SIZE];
	const struct coverage_timeline *parent = coverage_parent(coverage, child);
	if (parent == NULL || child->set_aside || parent->segments == 0 || parent->last_s <= child->oldest_s ||
	    parent->last < child->switch_lsn / coverage->segment_bytes)
		return STATUS_OK;
	lsn_text(child->switch_lsn, lsn);
	utc_text(parent->last_s, time);
	return buffer_printf(out, err,
			     "– timeline %" PRIu32 " went on until %s, after timeline %" PRIu32 " had left it at %s\n",
			     parent->id, time, child->id, lsn);
}

/* The time tells a trial of some hours ago from a server that still archives. */
static enum status show_aside(struct buffer *out, const struct coverage_timeline *timeline, struct error *err)
{
	char time[UTC_TEXT_SIZE];
	utc_text(timeline->newest_s, time);
	return buffer_printf(out, err, "– timeline %" PRIu32 " is set aside; its newest object was stored %s\n",
			     timeline->id, time);
}

static enum status show_latest(struct buffer *out, const struct coverage *coverage, struct error *err)
{
	struct coverage_stray stray;
	bool strays;
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < coverage->timeline_count; i++)
		if (coverage->timelines[i].set_aside)
			st = show_aside(out, &coverage->timelines[i], err);
	for (size_t i = 0; !st && i < coverage->timeline_count; i++)
		st = show_both(out, coverage, &coverage->timelines[i], err);
	(void)coverage_latest(coverage, &strays, &stray);
	return st || !strays ? st : show_stray(out, coverage, &stray, err);
}

enum status cluster_judge(struct buffer *out, const struct coverage *coverage, const struct window_reader *reader,
			  struct error *err)
{
	enum status st = show_head(out, coverage, err);
	for (size_t i = 0; !st && i < coverage->gap_count; i++)
		if (coverage->gaps[i].minimal)
			st = show_minimal(out, coverage, &coverage->gaps[i], err);
		else if (!coverage->gaps[i].lost)
			st = show_gap(out, coverage, &coverage->gaps[i], err);
	if (!st && coverage->gaps_unlisted > 0)
		st = buffer_printf(out, err, "✗ and %" PRIu64 " more ranges are missing\n", coverage->gaps_unlisted);
	if (!st && coverage->abandoned_unlisted > 0)
		st = buffer_printf(out, err, "– and %" PRIu64 " more ranges are missing, on abandoned branches\n",
				   coverage->abandoned_unlisted);
	if (!st)
		st = show_missing_histories(out, coverage, err);
	if (!st)
		st = show_latest(out, coverage, err);
	return st ? st : cluster_windows_show(out, coverage, reader, err);
}
