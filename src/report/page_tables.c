/* The tables of base backups and of timelines. */
#include <inttypes.h>

#include "console/measure.h"
#include "inventory/cluster.h"
#include "report/page.h"

#define NEEDS_NAMED_MAX 3
#define GAPS_NAMED_MAX 50

void page_table_begin(struct html *html, const char *label, const char *const *columns, size_t count)
{
	html_add(html, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">\n<table>\n<thead><tr>",
		 label);
	for (size_t i = 0; i < count; i++)
		html_add(html, "<th scope=\"col\">%s</th>", columns[i]);
	html_add(html, "</tr></thead>\n<tbody>\n");
}

void page_table_end(struct html *html)
{
	html_add(html, "</tbody>\n</table>\n</div>\n");
}

static void write_needs(struct html *html, const struct manifest *manifest)
{
	if (manifest->need_count == 0)
		html_add(html, "itself alone");
	for (size_t i = 0; i < manifest->need_count && i < NEEDS_NAMED_MAX; i++)
		html_add(html, "%s<code>%s</code>", i == 0 ? "" : "<br>", manifest->needs[i].text);
	if (manifest->need_count > NEEDS_NAMED_MAX)
		html_add(html, "<br>and %zu more", manifest->need_count - NEEDS_NAMED_MAX);
}

static void write_verdict(struct html *html, const struct listed_backup *backup, const struct backup_verdict *verdict)
{
	if (!backup->complete) {
		html_add(html, "<span class=\"soft\">not finished</span>");
		return;
	}
	if (verdict->status != STATUS_OK) {
		html_add(html, "<span class=\"bad\">cannot be restored</span>: ");
		html_text(html, verdict->reason[0] == '\0' ? backup->error : verdict->reason);
		return;
	}
	html_add(html, "<span class=\"ok\">can be restored</span>, and recovered until ");
	html_time(html, verdict->window.last_s);
	if (verdict->archived > 0) {
		html_add(html, "; first ");
		html_count(html, verdict->archived, "object");
		html_add(html, " must return from an archive storage class");
	}
	if (backup->manifest.wrong_pages > 0) {
		html_add(html, "; <span class=\"warn\">");
		html_count(html, backup->manifest.wrong_pages, "page");
		html_add(html, " with a wrong checksum</span>");
	}
}

static void write_content(struct html *html, const struct manifest *manifest)
{
	char took[MEASURE_MAX], start[LSN_TEXT_MAX], stop[LSN_TEXT_MAX];
	measure_seconds(manifest->ended - manifest->begun, took);
	lsn_text(manifest->start_lsn, start);
	lsn_text(manifest->stop_lsn, stop);
	html_add(html, "<td>");
	html_time(html, manifest->ended);
	html_add(html, "</td><td class=\"number\">%s</td><td class=\"number\">", took);
	html_bytes(html, manifest->bytes);
	html_add(html, "</td><td class=\"number\">");
	html_bytes(html, manifest->stored_bytes);
	html_add(html, "</td><td>%s – %s</td><td>", start, stop);
	write_needs(html, manifest);
	html_add(html, "</td>");
}

static void write_backup(struct html *html, const struct listed_backup *backup, const struct backup_verdict *verdict)
{
	html_add(html, "<tr><th scope=\"row\"><code>%s</code>%s</th>", backup->label.text,
		 backup->pinned ? " <span class=\"soft\">kept</span>" : "");
	if (backup->complete && backup->status == STATUS_OK)
		write_content(html, &backup->manifest);
	else
		html_add(html, "<td></td><td></td><td></td><td></td><td></td><td></td>");
	html_add(html, "<td class=\"wrap\">");
	write_verdict(html, backup, verdict);
	html_add(html, "</td></tr>\n");
}

void page_backups(struct html *html, const struct fact_cluster *cluster)
{
	static const char *const columns[] = {"Backup", "Ended", "Took", "Size", "Stored", "WAL", "Needs", "Verdict"};
	size_t count = cluster->backups.count;
	html_add(html, "<h3>Base backups</h3>\n");
	if (count == 0) {
		html_add(html, "<p class=\"bad\">There is none.</p>\n");
		return;
	}
	if (cluster->judged_from > 0)
		html_add(html, "<p>The repository has %zu backups. This table shows the newest %zu.</p>\n", count,
			 count - cluster->judged_from);
	page_table_begin(html, "Base backups", columns, sizeof columns / sizeof columns[0]);
	for (size_t i = count; i-- > cluster->judged_from;)
		write_backup(html, &cluster->backups.items[i], fact_verdict(cluster, i));
	page_table_end(html);
}

static void write_timeline(struct html *html, const struct coverage *coverage, const struct coverage_timeline *each)
{
	char lsn[LSN_TEXT_MAX];
	struct wal_name first, last;
	lsn_text(each->switch_lsn, lsn);
	wal_name_of_number(&first, each->id, each->first, coverage->segment_bytes);
	wal_name_of_number(&last, each->id, each->last, coverage->segment_bytes);
	html_add(html, "<tr><th scope=\"row\">%" PRIu32 "%s</th><td>", each->id,
		 each->set_aside ? " <span class=\"soft\">set aside</span>" : "");
	if (each->parent != 0)
		html_add(html, "timeline %" PRIu32 " at %s", each->parent, lsn);
	html_add(html, "</td><td class=\"number\">%" PRIu64 "</td><td>", each->segments);
	if (each->segments > 0)
		html_add(html, "<code>%s</code><br><code>%s</code>", first.text, last.text);
	html_add(html, "</td><td class=\"number\">");
	html_bytes(html, each->bytes);
	html_add(html, "</td><td>");
	html_time(html, each->oldest_s);
	html_add(html, "<br>");
	html_time(html, each->newest_s);
	html_add(html, "</td><td class=\"number\">%s%" PRIu64 "%s</td></tr>\n",
		 each->gap_segments > 0 ? "<span class=\"bad\">" : "", each->gap_segments,
		 each->gap_segments > 0 ? "</span>" : "");
}

static void write_gaps(struct html *html, const struct coverage *coverage)
{
	size_t named = 0, more = 0;
	for (size_t i = 0; i < coverage->gap_count; i++) {
		const struct coverage_gap *gap = &coverage->gaps[i];
		struct wal_name first, last;
		if (!gap->needed || gap->lost)
			continue;
		if (named++ >= GAPS_NAMED_MAX) {
			more++;
			continue;
		}
		wal_name_of_number(&first, gap->timeline, gap->first, coverage->segment_bytes);
		wal_name_of_number(&last, gap->timeline, gap->last, coverage->segment_bytes);
		html_add(html, "%s<li><code>%s</code> to <code>%s</code>: ", named == 1 ? "<h3>Gaps</h3>\n<ul>\n" : "",
			 first.text, last.text);
		html_count(html, gap->last - gap->first + 1, "segment");
		html_add(html, "</li>\n");
	}
	if (named > 0)
		html_add(html, "</ul>\n");
	if (more + coverage->gaps_unlisted > 0)
		html_add(html, "<p>The repository has %" PRIu64 " more gaps.</p>\n",
			 (uint64_t)more + coverage->gaps_unlisted);
}

void page_timelines(struct html *html, const struct fact_cluster *cluster)
{
	static const char *const columns[] = {"Timeline",           "Left",   "Segments", "First and last", "Size",
					      "Stored from and to", "Missing"};
	const struct coverage *coverage = &cluster->coverage;
	if (coverage->timeline_count == 0)
		return;
	html_add(html, "<h3>WAL by timeline</h3>\n");
	page_table_begin(html, "WAL by timeline", columns, sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < coverage->timeline_count; i++)
		write_timeline(html, coverage, &coverage->timelines[i]);
	page_table_end(html);
	write_gaps(html, coverage);
}
