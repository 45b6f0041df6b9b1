/* The time line: one lane for each timeline's WAL with its gaps, and one for each type of backup. */
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

static bool is_shown(const struct fact_cluster *cluster, size_t i, bool lost)
{
	const struct backup_verdict *verdict = fact_verdict(cluster, i);
	bool is_lost = verdict != NULL && verdict->status != STATUS_OK;
	return cluster->backups.items[i].complete && is_lost == lost;
}

/* Marks at the same place are drawn once: 10,000 backups stay a few kilobytes. */
static void write_marks(struct html *html, const struct axis *axis, const struct fact_cluster *cluster,
			enum backup_type type, bool lost, int y)
{
	int drawn = -1;
	for (size_t i = 0; i < cluster->backups.count; i++) {
		const struct listed_backup *backup = &cluster->backups.items[i];
		int x = x_of(axis, backup->label.begun_s);
		if (backup->label.type != type || !is_shown(cluster, i, lost) || x == drawn)
			continue;
		if (drawn < 0)
			html_add(html, "<path class=\"%s\" d=\"", lost ? "lost" : backup_type_name(type));
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
	static const char *const names[] = {"Full", "Differential", "Incremental"};
	const struct coverage *coverage = &cluster->coverage;
	int y = 0;
	for (size_t i = first; i < coverage->timeline_count; i++, y += LANE)
		write_wal(html, axis, coverage, &coverage->timelines[i], y);
	for (size_t type = 0; type < BACKUP_TYPE_COUNT; type++, y += LANE) {
		write_lane(html, y, names[type], 0);
		write_marks(html, axis, cluster, (enum backup_type)type, false, y);
		write_marks(html, axis, cluster, (enum backup_type)type, true, y);
	}
}

void page_time_line(struct html *html, const struct facts *facts, const struct fact_cluster *cluster)
{
	const struct coverage *coverage = &cluster->coverage;
	size_t first = coverage->timeline_count > LANES_MAX ? coverage->timeline_count - LANES_MAX : 0;
	struct axis axis = find_axis(facts, cluster);
	int bottom = (int)(coverage->timeline_count - first + BACKUP_TYPE_COUNT) * LANE;
	html_add(html,
		 "<figure>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Time line\">\n<svg "
		 "viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"WAL of %zu timelines, and %zu base backups, from ",
		 LEFT + WIDTH + 10, bottom + 22, coverage->timeline_count, cluster->backups.count);
	char text[UTC_TEXT_SIZE];
	utc_text(axis.from_s, text);
	html_add(html, "%.10s to now\">\n", text);
	write_ticks(html, &axis, bottom);
	write_lanes(html, &axis, cluster, first);
	html_add(html,
		 "</svg>\n</div>\n<figcaption>When WAL was stored, and when base backups began. Red: missing WAL, and "
		 "backups that cannot be restored.%s</figcaption>\n</figure>\n",
		 first > 0 ? " Only the newest timelines are shown." : "");
}
