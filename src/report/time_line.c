/* The time line: a lane for each timeline's WAL with its gaps, one for each type of backup, one for dumps and drills.
 */
#include <inttypes.h>
#include <string.h>

#include "report/page.h"

#define LEFT 110 /* for the names of lanes */
#define WIDTH 880
#define LANE 26
#define TICKS_MAX 7
#define LANES_MAX 12 /* of timelines: the newest */

struct axis {
	int64_t from_s, to_s;
};

static int x_of(const struct axis *axis, int64_t at_s)
{
	int64_t span_s = axis->to_s - axis->from_s, since_s = at_s - axis->from_s;
	if (since_s < 0)
		since_s = 0;
	return LEFT + (int)((since_s > span_s ? span_s : since_s) * WIDTH / span_s);
}

static void widen(struct axis *axis, int64_t at_s)
{
	if (at_s > 0 && at_s < axis->from_s)
		axis->from_s = at_s;
}

static struct axis find_axis(const struct facts *facts, const struct fact_cluster *cluster)
{
	struct axis axis = {facts->now_s - 3600, facts->now_s + 1};
	for (size_t i = 0; i < cluster->coverage.timeline_count; i++)
		widen(&axis, cluster->coverage.timelines[i].oldest_s);
	if (cluster->backups.count > 0)
		widen(&axis, cluster->backups.items[0].label.begun_s);
	if (cluster->dumps.count > 0)
		widen(&axis, cluster->dumps.items[0].label.begun_s);
	if (cluster->drills.count > 0)
		widen(&axis, cluster->drills.items[0].begun_s);
	return axis;
}

static void write_lane(struct html *html, int y, const char *name, uint32_t number)
{
	html_add(html, "<text x=\"0\" y=\"%d\">%s", y + LANE / 2 + 2, name);
	if (number > 0)
		html_add(html, " %" PRIu32, number);
	html_add(html, "</text>\n");
}

static void write_span(struct html *html, const struct axis *axis, const char *class, int y, int64_t from_s,
		       int64_t to_s)
{
	int x = x_of(axis, from_s), end = x_of(axis, to_s);
	html_add(html, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n", class, x, y + 5,
		 end - x < 2 ? 2 : end - x, LANE - 10);
}

/* Gaps lie over the timeline's WAL; a gap without both its neighbours has no place in time. */
static void write_wal(struct html *html, const struct axis *axis, const struct coverage *coverage,
		      const struct coverage_timeline *each, int y)
{
	write_lane(html, y, "Timeline", each->id);
	if (each->segments > 0)
		write_span(html, axis, "wal", y, each->first_s, each->last_s);
	for (size_t i = 0; i < coverage->gap_count; i++) {
		const struct coverage_gap *gap = &coverage->gaps[i];
		if (gap->timeline == each->id && gap->needed && gap->before_s != 0 && gap->behind_s != 0)
			write_span(html, axis, "gap", y, gap->before_s, gap->behind_s);
	}
}

/*
 * Marks: moments at which something began.
 */

struct mark {
	int64_t at_s;
	bool lost; /* it cannot be restored, or failed */
};

struct lane {
	const char *name, *class;
	bool always; /* also without marks */
	enum backup_type type;
	size_t (*count)(const struct fact_cluster *cluster);
	/* Returns false for what has no mark in this lane. */
	bool (*take)(struct mark *out, const struct fact_cluster *cluster, enum backup_type type, size_t i);
};

static size_t count_backups(const struct fact_cluster *cluster)
{
	return cluster->backups.count;
}

static bool take_backup(struct mark *out, const struct fact_cluster *cluster, enum backup_type type, size_t i)
{
	const struct listed_backup *backup = &cluster->backups.items[i];
	const struct backup_verdict *verdict = fact_verdict(cluster, i);
	*out = (struct mark){backup->label.begun_s, verdict != NULL && verdict->status != STATUS_OK};
	return backup->complete && backup->label.type == type;
}

static size_t count_dumps(const struct fact_cluster *cluster)
{
	return cluster->dumps.count;
}

static bool take_dump(struct mark *out, const struct fact_cluster *cluster, enum backup_type type, size_t i)
{
	const struct listed_dump *dump = &cluster->dumps.items[i];
	(void)type;
	*out = (struct mark){dump->label.begun_s, dump->status != STATUS_OK};
	return dump->complete;
}

static size_t count_drills(const struct fact_cluster *cluster)
{
	return cluster->drills.count;
}

static bool take_drill(struct mark *out, const struct fact_cluster *cluster, enum backup_type type, size_t i)
{
	const struct drill_record *record =
	    i < cluster->drills_from ? NULL : &cluster->records[i - cluster->drills_from];
	(void)type;
	*out = (struct mark){cluster->drills.items[i].begun_s, record != NULL && !record->ok};
	return true;
}

static const struct lane lanes[] = {
    {"Full", "full", true, BACKUP_FULL, count_backups, take_backup},
    {"Differential", "diff", true, BACKUP_DIFF, count_backups, take_backup},
    {"Incremental", "incr", true, BACKUP_INCR, count_backups, take_backup},
    {"Dumps", "dump", false, 0, count_dumps, take_dump},
    {"Drills", "drill", false, 0, count_drills, take_drill},
};
#define LANE_COUNT (sizeof lanes / sizeof lanes[0])

static bool is_shown(const struct lane *lane, const struct fact_cluster *cluster)
{
	return lane->always || lane->count(cluster) > 0;
}

/* Marks at the same place are drawn once: 10,000 backups stay a few kilobytes. */
static void write_marks(struct html *html, const struct axis *axis, const struct fact_cluster *cluster,
			const struct lane *lane, bool lost, int y)
{
	int drawn = -1;
	for (size_t i = 0; i < lane->count(cluster); i++) {
		struct mark mark;
		if (!lane->take(&mark, cluster, lane->type, i) || mark.lost != lost)
			continue;
		int x = x_of(axis, mark.at_s);
		if (x == drawn)
			continue;
		if (drawn < 0)
			html_add(html, "<path class=\"%s\" d=\"", lost ? "lost" : lane->class);
		html_add(html, "M%d %dv%d", x, y + 4, LANE - 8);
		drawn = x;
	}
	if (drawn >= 0)
		html_add(html, "\"/>\n");
}

/* At round times, UTC: full hours, days or weeks. */
static int64_t step_of(const struct axis *axis)
{
	static const int64_t hours[] = {1, 3, 6, 12, 24, 48, 168, 336, 720, 2160, 4320, 8760};
	size_t i = 0;
	while (i + 1 < sizeof hours / sizeof hours[0] && (axis->to_s - axis->from_s) / (hours[i] * 3600) > TICKS_MAX)
		i++;
	int64_t step = hours[i] * 3600;
	while ((axis->to_s - axis->from_s) / step > TICKS_MAX)
		step *= 2;
	return step;
}

static void write_ticks(struct html *html, const struct axis *axis, int bottom)
{
	int64_t step = step_of(axis);
	for (int64_t at_s = (axis->from_s / step + 1) * step; at_s < axis->to_s; at_s += step) {
		char text[UTC_TEXT_SIZE];
		int x = x_of(axis, at_s);
		utc_text(at_s, text);
		html_add(html, "<path class=\"axis\" d=\"M%d 0V%d\"/><text x=\"%d\" y=\"%d\" text-anchor=\"middle\">",
			 x, bottom, x, bottom + 14);
		if (step < 86400)
			html_add(html, "%.5s %.5s</text>\n", text + 5, text + 11);
		else
			html_add(html, "%.10s</text>\n", text);
	}
}

static void write_lanes(struct html *html, const struct axis *axis, const struct fact_cluster *cluster, size_t first)
{
	const struct coverage *coverage = &cluster->coverage;
	int y = 0;
	for (size_t i = first; i < coverage->timeline_count; i++, y += LANE)
		write_wal(html, axis, coverage, &coverage->timelines[i], y);
	for (size_t i = 0; i < LANE_COUNT; i++) {
		if (!is_shown(&lanes[i], cluster))
			continue;
		write_lane(html, y, lanes[i].name, 0);
		write_marks(html, axis, cluster, &lanes[i], false, y);
		write_marks(html, axis, cluster, &lanes[i], true, y);
		y += LANE;
	}
}

void page_time_line(struct html *html, const struct facts *facts, const struct fact_cluster *cluster)
{
	const struct coverage *coverage = &cluster->coverage;
	size_t first = coverage->timeline_count > LANES_MAX ? coverage->timeline_count - LANES_MAX : 0;
	struct axis axis = find_axis(facts, cluster);
	int bottom = (int)(coverage->timeline_count - first) * LANE;
	for (size_t i = 0; i < LANE_COUNT; i++)
		bottom += is_shown(&lanes[i], cluster) ? LANE : 0;
	html_add(
	    html,
	    "<figure>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Time line\">\n<svg "
	    "viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"WAL of %zu timelines, %zu base backups, %zu dumps and %zu "
	    "drills, from ",
	    LEFT + WIDTH + 10, bottom + 22, coverage->timeline_count, cluster->backups.count, cluster->dumps.count,
	    cluster->drills.count);
	char text[UTC_TEXT_SIZE];
	utc_text(axis.from_s, text);
	html_add(html, "%.10s to now\">\n", text);
	write_ticks(html, &axis, bottom);
	write_lanes(html, &axis, cluster, first);
	html_add(html,
		 "</svg>\n</div>\n<figcaption>When WAL was stored, and when base backups, dumps and drills began. Red: "
		 "missing "
		 "WAL, what cannot be restored, and drills that failed.%s</figcaption>\n</figure>\n",
		 first > 0 ? " Only the newest timelines are shown." : "");
}
