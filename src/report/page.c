#include "report/page.h"

#include <inttypes.h>

#include "report/page_style.h"

static void write_head(struct html *html, const struct facts *facts)
{
	html_add(html, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		       "<meta name=\"robots\" content=\"noindex\">\n"
		       "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
		       "'unsafe-inline'; img-src data:\">\n"
		       "<link rel=\"icon\" href=\"data:,\">\n<title>Backups in ");
	html_text(html, facts->repo);
	html_add(html, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<header>\n<h1>Backups in ", page_style);
	html_text(html, facts->repo);
	html_add(html, "</h1>\n<p>State of ");
	html_time(html, facts->now_s);
	html_add(html, ". All times are UTC.</p>\n</header>\n<main>\n");
}

static void write_sizes(struct html *html, const struct fact_cluster *cluster)
{
	const struct growth *growth = &cluster->growth;
	html_add(html, "<p>The repository holds ");
	html_bytes(html, growth->total[GROWTH_WAL]);
	html_add(html, " of WAL in ");
	html_count(html, growth->objects[GROWTH_WAL], "object");
	html_add(html, ", and ");
	html_bytes(html, growth->total[GROWTH_BACKUP]);
	html_add(html, " of base backups in ");
	html_count(html, growth->objects[GROWTH_BACKUP], "object");
	html_add(html, ".");
	if (growth_per_day(growth) > 0) {
		html_add(html, " Of the last seven days, it keeps ");
		html_bytes(html, growth_per_day(growth));
		html_add(html, " for each day.");
	}
	html_add(html, "</p>\n");
}

static void write_cluster(struct html *html, const struct facts *facts, const struct fact_cluster *cluster)
{
	html_add(html, "<section>\n<h2>Cluster %" PRIu64 "</h2>\n", cluster->coverage.system_id);
	page_words(html, facts, cluster);
	page_time_line(html, facts, cluster);
	html_add(html, "<h3>Size and growth</h3>\n");
	write_sizes(html, cluster);
	page_growth(html, cluster);
	page_backups(html, cluster);
	page_drills(html, cluster);
	page_dumps(html, cluster);
	page_timelines(html, cluster);
	html_add(html, "</section>\n");
}

void page_write(struct html *html, const struct facts *facts)
{
	write_head(html, facts);
	page_problems(html, facts);
	for (size_t i = 0; i < facts->cluster_count; i++)
		write_cluster(html, facts, &facts->clusters[i]);
	page_checks(html, facts);
	html_add(html,
		 "</main>\n<footer><p>Written by walship report, walship %s. The same facts: <code>walship info "
		 "--json</code>, <code>walship verify --json</code> and <code>walship status --json</code>. "
		 "<code>walship verify --read</code> opens every object, <code>walship drill</code> rehearses "
		 "a recovery.</p></footer>\n</body>\n</html>\n",
		 WALSHIP_VERSION);
}
