/* The table of drills. */
#include "console/measure.h"
#include "report/page.h"

static void write_seconds(struct html *html, double seconds)
{
	char text[MEASURE_MAX];
	measure_seconds((int64_t)seconds, text);
	html_add(html, "<td class=\"number\">%s</td>", seconds < 0 ? "" : text);
}

static void write_drill(struct html *html, const struct drill_name *name, const struct drill_record *record)
{
	html_add(html, "<tr><th scope=\"row\"><code>%s</code></th>", name->label);
	if (record->begun_s == 0) {
		html_add(html, "<td></td><td></td><td></td><td></td><td class=\"wrap\"><span class=\"bad\">cannot be "
			       "opened</span></td></tr>\n");
		return;
	}
	html_add(html, "<td><code>");
	html_text(html, record->backup);
	html_add(html, "</code></td><td>");
	html_text(html, record->target);
	html_add(html, "</td>");
	write_seconds(html, (double)record->rpo_s);
	write_seconds(html, record->rto_s);
	html_add(html, "<td class=\"wrap\">%s",
		 record->ok ? "<span class=\"ok\">worked</span>" : "<span class=\"bad\">failed</span>: ");
	html_text(html, record->problem);
	html_add(html, "</td></tr>\n");
}

void page_drills(struct html *html, const struct fact_cluster *cluster)
{
	static const char *const columns[] = {"Drill", "Backup", "Target", "Lost (RPO)", "Took (RTO)", "Verdict"};
	const struct drill_names *drills = &cluster->drills;
	html_add(html, "<h3>Drills</h3>\n");
	if (drills->count == 0) {
		html_add(html, "<p class=\"soft\">No recovery has been rehearsed: <code>walship drill</code> does "
			       "that.</p>\n");
		return;
	}
	page_table_begin(html, "Drills", columns, sizeof columns / sizeof columns[0]);
	for (size_t i = drills->count; i-- > cluster->drills_from;)
		write_drill(html, &drills->items[i], &cluster->records[i - cluster->drills_from]);
	page_table_end(html);
	if (cluster->drills_from > 0)
		html_add(html, "<p>The repository has %zu more drills.</p>\n", cluster->drills_from);
}
