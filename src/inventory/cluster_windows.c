/* The windows in which recovery is possible, as text and JSON. */
#include <inttypes.h>

#include "base/clock.h"
#include "console/print.h"
#include "inventory/cluster_private.h"
#include "recovery/target.h"

static struct window_times times_of(const struct coverage *coverage, const struct coverage_window *window,
				    const struct window_reader *reader)
{
	struct window_times times = {0};
	window_times_read(&times, reader, coverage, window);
	return times;
}

/*
 * JSON.
 */

static json_t *json_window(const struct coverage *coverage, const struct coverage_window *window,
			   const struct window_times *times)
{
	bool archived = window->archived_timeline != 0;
	return json_pack(
	    "{s:I, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "timeline", (json_int_t)window->timeline,
	    "at_gap", (int)window->at_gap, "newest", (int)window->newest, "first",
	    cluster_json_segment(coverage, window->first_timeline, window->first), "last",
	    cluster_json_segment(coverage, window->last_timeline, window->last), "begin_lsn",
	    cluster_json_lsn(window->begin_lsn), "end_lsn", cluster_json_lsn(window->end_lsn), "first_stored_time",
	    print_time(window->first_s), "last_stored_time", print_time(window->last_s), "first_commit_time",
	    print_time_us(times->first_us), "last_commit_time", print_time_us(times->last_us), "archived_last",
	    archived ? cluster_json_segment(coverage, window->archived_timeline, window->archived_last) : json_null());
}

struct json_windows {
	const struct coverage *coverage;
	const struct window_reader *reader;
	json_t *array;
};

static enum status append_window(void *arg, const struct coverage_window *window, struct error *err)
{
	const struct json_windows *windows = arg;
	struct window_times times = times_of(windows->coverage, window, windows->reader);
	return json_array_append_new(windows->array, json_window(windows->coverage, window, &times)) == 0
		   ? STATUS_OK
		   : error_set(err, STATUS_LOCAL, "out of memory");
}

json_t *cluster_windows_json(const struct coverage *coverage, const struct window_reader *reader)
{
	struct json_windows windows = {coverage, reader, json_array()};
	struct error ignored;
	if (coverage_windows(coverage, append_window, &windows, &ignored) == STATUS_OK)
		return windows.array;
	json_decref(windows.array);
	return NULL;
}

/*
 * Text.
 */

/* The time of the commit where it is known, in the form that a recovery target takes; else the time of storing. */
static enum status show_time(struct buffer *out, const char *which, int64_t commit_us, int64_t stored_s,
			     struct error *err)
{
	char commit[TARGET_TIME_MAX], stored[UTC_TEXT_SIZE];
	target_time_text(commit_us, commit);
	utc_text(stored_s, stored);
	if (commit_us != 0)
		return buffer_printf(out, err, " (%s commit %s)", which, commit);
	return stored_s == 0 ? STATUS_OK : buffer_printf(out, err, " (stored %s)", stored);
}

static enum status show_archived(struct buffer *out, const struct coverage *coverage,
				 const struct coverage_window *window, struct error *err)
{
	struct wal_name last;
	if (window->archived_timeline == 0)
		return STATUS_OK;
	wal_name_of_number(&last, window->archived_timeline, window->archived_last, coverage->segment_bytes);
	return buffer_printf(out, err, "; first restore the segments in an archive storage class, up to %s", last.text);
}

static enum status show_window(struct buffer *out, const struct coverage *coverage,
			       const struct coverage_window *window, const struct window_times *times,
			       struct error *err)
{
	char begin[LSN_TEXT_MAX], end[LSN_TEXT_MAX];
	lsn_text(window->begin_lsn, begin);
	lsn_text(window->end_lsn, end);
	enum status st =
	    buffer_printf(out, err, "✓ timeline %" PRIu32 " can be recovered from %s", window->timeline, begin);
	if (!st)
		st = show_time(out, "first", times->first_us, window->first_s, err);
	if (!st)
		st = buffer_printf(out, err, " to %s", end);
	if (!st)
		st = show_time(out, "last", times->last_us, window->last_s, err);
	if (!st)
		st = buffer_printf(out, err, "%s",
				   window->at_gap ? ", up to a gap" : (window->newest ? ", the newest WAL" : ""));
	if (!st)
		st = show_archived(out, coverage, window, err);
	return st ? st : buffer_append(out, "\n", 1, err);
}

struct shown_windows {
	struct buffer *out;
	const struct coverage *coverage;
	const struct window_reader *reader;
};

static enum status show_each(void *arg, const struct coverage_window *window, struct error *err)
{
	const struct shown_windows *windows = arg;
	struct window_times times = times_of(windows->coverage, window, windows->reader);
	return show_window(windows->out, windows->coverage, window, &times, err);
}

enum status cluster_windows_show(struct buffer *out, const struct coverage *coverage,
				 const struct window_reader *reader, struct error *err)
{
	struct shown_windows windows = {out, coverage, reader};
	return coverage_windows(coverage, show_each, &windows, err);
}
