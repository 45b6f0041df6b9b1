/* To which moments a cluster can be recovered, in sentences. */
#include <inttypes.h>

#include "console/measure.h"
#include "report/page.h"

static int64_t seconds_of(int64_t commit_us, int64_t stored_s)
{
	return commit_us != 0 ? commit_us / 1000000 : stored_s;
}

static int64_t window_end_s(const struct fact_window *window)
{
	return seconds_of(window->times.last_us, window->window.last_s);
}

/* Whether this is the window that the verdict names. */
static bool is_same(const struct coverage_window *window, const struct coverage_window *other)
{
	return window->timeline == other->timeline && window->begin_lsn == other->begin_lsn &&
	       window->end_lsn == other->end_lsn;
}

/* The oldest judged backup that is restored within the window; NULL without one. */
static const struct listed_backup *first_backup(const struct fact_cluster *cluster, const struct fact_window *window)
{
	for (size_t i = cluster->judged_from; i < cluster->backups.count; i++) {
		const struct backup_verdict *verdict = fact_verdict(cluster, i);
		if (verdict->status == STATUS_OK && verdict->has_window && is_same(&window->window, &verdict->window))
			return &cluster->backups.items[i];
	}
	return NULL;
}

static void write_end(struct html *html, const struct fact_window *window, bool with_time)
{
	if (with_time) {
		html_add(html, " to ");
		html_time(html, window_end_s(window));
		html_add(html,
			 window->times.last_us != 0 ? " (the last commit)" : " (when the last segment was stored)");
	}
	html_add(html, " on timeline %" PRIu32, window->window.timeline);
	if (window->window.at_gap)
		html_add(html, ", where <span class=\"bad\">a gap</span> follows");
	if (window->window.archived_timeline != 0)
		html_add(html, ", once the segments in an archive storage class are restored");
}

/* Without a later commit, the end of the backup is all there is. */
static void write_reach(struct html *html, const struct listed_backup *backup, const struct fact_window *window)
{
	bool further = window_end_s(window) > backup->manifest.ended;
	html_add(html, "<p><span class=\"ok\">Recovery can go to %s</span>", further ? "any moment" : "the end");
	if (further)
		html_add(html, " from ");
	else
		html_add(html, " of <code>%s</code>, ", backup->label.text);
	html_time(html, backup->manifest.ended);
	if (further)
		html_add(html, " (the end of <code>%s</code>)", backup->label.text);
	write_end(html, window, further);
	html_add(html, ".</p>\n");
}

static void write_window(struct html *html, const struct fact_cluster *cluster, const struct fact_window *window)
{
	const struct listed_backup *backup = first_backup(cluster, window);
	if (backup != NULL) {
		write_reach(html, backup, window);
		return;
	}
	html_add(html, "<p>WAL alone is stored from ");
	html_time(html, seconds_of(window->times.first_us, window->window.first_s));
	write_end(html, window, true);
	html_add(html,
		 ". <span class=\"warn\">No base backup</span> that this page lists can be recovered with it.</p>\n");
}

/* For the cluster's newest WAL alone: older windows say nothing of the server that runs. */
static void write_loss(struct html *html, const struct facts *facts, const struct fact_window *window)
{
	char age[MEASURE_MAX];
	int64_t age_s;
	if (!window->window.newest || !clock_age(facts->now_s, window_end_s(window), &age_s))
		return;
	measure_seconds(age_s, age);
	html_add(html, "<p>If the server were lost now, its transactions of the last %s would be missing.</p>\n", age);
}

void page_words(struct html *html, const struct facts *facts, const struct fact_cluster *cluster)
{
	if (cluster->coverage.objects + cluster->backups.count == 0)
		return; /* it has dumps alone */
	html_add(html, "<div class=\"card\">\n");
	for (size_t i = cluster->window_count; i-- > 0;) {
		write_window(html, cluster, &cluster->windows[i]);
		write_loss(html, facts, &cluster->windows[i]);
	}
	if (cluster->window_count == 0)
		html_add(html,
			 "<p class=\"bad\">No recovery is possible: the repository has no WAL of this cluster.</p>\n");
	html_add(html, "</div>\n");
}
