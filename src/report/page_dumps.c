/* The table of dumps. */
#include <inttypes.h>

#include "console/measure.h"
#include "report/page.h"

#define DUMPS_MAX 50 /* the newest */
#define NAMES_MAX 8

static void write_content(struct html *html, const struct dump_manifest *manifest)
{
	uint64_t bytes = 0, stored = 0;
	for (size_t i = 0; i < manifest->count; i++) {
		bytes += manifest->items[i].bytes;
		stored += dump_item_stored_bytes(&manifest->items[i]);
	}
	html_add(html, "<td>");
	html_time(html, manifest->ended_s);
	html_add(html, "</td><td class=\"number\">");
	html_bytes(html, bytes);
	html_add(html, "</td><td class=\"number\">");
	html_bytes(html, stored);
	html_add(html, "</td><td class=\"wrap\">");
	for (size_t i = 0; i < manifest->count && i < NAMES_MAX; i++) {
		html_add(html, i == 0 ? "" : ", ");
		html_text(html, manifest->items[i].name);
	}
	if (manifest->count > NAMES_MAX)
		html_add(html, " and %zu more", manifest->count - NAMES_MAX);
	html_add(html, "</td>");
}

static void write_dump(struct html *html, const struct listed_dump *dump)
{
	html_add(html, "<tr><th scope=\"row\"><code>%s</code></th>", dump->label.text);
	if (dump->complete && dump->status == STATUS_OK) {
		write_content(html, &dump->manifest);
	} else {
		html_add(html, "<td></td><td></td><td></td><td class=\"wrap\"><span class=\"%s\">%s</span> ",
			 dump->complete ? "bad" : "soft", dump->complete ? "cannot be opened" : "not finished");
		html_text(html, dump->error);
		html_add(html, "</td>");
	}
	html_add(html, "</tr>\n");
}

void page_dumps(struct html *html, const struct fact_cluster *cluster)
{
	static const char *const columns[] = {"Dump", "Ended", "Size", "Stored", "Databases"};
	size_t count = cluster->dumps.count, from = count > DUMPS_MAX ? count - DUMPS_MAX : 0;
	if (count == 0)
		return;
	html_add(html, "<h3>Dumps</h3>\n");
	page_table_begin(html, "Dumps", columns, sizeof columns / sizeof columns[0]);
	for (size_t i = count; i-- > from;)
		write_dump(html, &cluster->dumps.items[i]);
	page_table_end(html);
	if (from > 0)
		html_add(html, "<p>The repository has %zu more dumps.</p>\n", from);
}
