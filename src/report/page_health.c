/* What is wrong, and the checks of walship status. */
#include <inttypes.h>

#include "console/measure.h"
#include "inventory/cluster.h"
#include "report/page.h"

static const char *const classes[HEALTH_LEVEL_COUNT] = {"ok", "warn", "warn", "bad"};

/* Both lists of a page are written in one pass: the list begins with its first item. */
struct problems {
	struct html *html;
	uint64_t count;
};

static void begin_item(struct problems *problems, enum health_level level)
{
	html_add(problems->html, "%s<li><span class=\"%s\">%s</span> ", problems->count++ == 0 ? "<ul>\n" : "",
		 classes[level], health_level_name(level));
}

static void end_item(const struct problems *problems)
{
	html_add(problems->html, "</li>\n");
}

static void add_checks(struct problems *problems, const struct facts *facts, enum health_level level)
{
	for (size_t i = 0; facts->health_known && i < facts->health_report.count; i++) {
		const struct health_check *check = &facts->health_report.checks[i];
		if (check->skipped || check->level != level)
			continue;
		begin_item(problems, level);
		html_text(problems->html, check->name);
		html_add(problems->html, ": ");
		html_text(problems->html, check->text);
		if (check->hint[0] != '\0') {
			html_add(problems->html, "<br><span class=\"soft\">Hint: ");
			html_text(problems->html, check->hint);
			html_add(problems->html, "</span>");
		}
		end_item(problems);
	}
}

static bool is_lost(const struct backup_verdict *verdict)
{
	return verdict != NULL && verdict->status != STATUS_OK && verdict->status != STATUS_EXISTS;
}

static void add_missing(struct problems *problems, const struct fact_cluster *cluster)
{
	struct missing missing = cluster_missing(&cluster->coverage);
	if (missing.segments > 0) {
		begin_item(problems, HEALTH_CRITICAL);
		html_add(problems->html, "Cluster %" PRIu64 " lacks ", cluster->coverage.system_id);
		html_count(problems->html, missing.segments, "WAL segment");
		html_add(problems->html, " in ");
		html_count(problems->html, missing.ranges, "gap");
		html_add(problems->html, ": no recovery can pass a gap.");
		end_item(problems);
	}
	if (cluster->coverage.missing_histories > 0) {
		begin_item(problems, HEALTH_CRITICAL);
		html_add(problems->html, "Cluster %" PRIu64 " lacks ", cluster->coverage.system_id);
		html_count(problems->html, cluster->coverage.missing_histories, "timeline history file");
		html_add(problems->html, ".");
		end_item(problems);
	}
}

static void add_backups(struct problems *problems, const struct fact_cluster *cluster)
{
	uint64_t lost = 0, wrong = 0, usable = 0;
	for (size_t i = 0; i < cluster->backups.count; i++) {
		const struct backup_verdict *verdict = fact_verdict(cluster, i);
		lost += is_lost(verdict);
		usable += verdict != NULL && verdict->status == STATUS_OK;
		wrong += cluster->backups.items[i].status == STATUS_OK && cluster->backups.items[i].complete &&
			 cluster->backups.items[i].manifest.wrong_pages > 0;
	}
	if (usable == 0) {
		begin_item(problems, HEALTH_CRITICAL);
		html_add(problems->html, "Cluster %" PRIu64 " has no base backup that can be restored.",
			 cluster->coverage.system_id);
		end_item(problems);
	}
	if (lost > 0) {
		begin_item(problems, HEALTH_CRITICAL);
		html_count(problems->html, lost, "base backup");
		html_add(problems->html, " of cluster %" PRIu64 " cannot be restored: see the table of backups.",
			 cluster->coverage.system_id);
		end_item(problems);
	}
	if (wrong > 0) {
		begin_item(problems, HEALTH_WARNING);
		html_count(problems->html, wrong, "base backup");
		html_add(problems->html,
			 " of cluster %" PRIu64 " contain pages that had a wrong checksum in the server.",
			 cluster->coverage.system_id);
		end_item(problems);
	}
}

static void add_drill(struct problems *problems, const struct fact_cluster *cluster)
{
	const struct drill_record *drill = fact_newest_drill(cluster);
	if (drill == NULL || (drill->begun_s != 0 && drill->ok))
		return;
	begin_item(problems, HEALTH_CRITICAL);
	html_add(problems->html, "The newest drill of cluster %" PRIu64, cluster->coverage.system_id);
	html_add(problems->html, drill->begun_s == 0 ? " cannot be opened." : " failed: ");
	html_text(problems->html, drill->problem);
	end_item(problems);
}

static void add_objects(struct problems *problems, uint64_t count, const char *why)
{
	if (count == 0)
		return;
	begin_item(problems, HEALTH_CRITICAL);
	html_count(problems->html, count, "object");
	html_add(problems->html, " %s.", why);
	end_item(problems);
}

void page_problems(struct html *html, const struct facts *facts)
{
	struct problems problems = {.html = html};
	html_add(html, "<section class=\"card\" aria-labelledby=\"state\">\n<h2 id=\"state\">What is wrong</h2>\n");
	add_checks(&problems, facts, HEALTH_CRITICAL);
	for (size_t i = 0; i < facts->cluster_count; i++) {
		add_missing(&problems, &facts->clusters[i]);
		if (facts->clusters[i].coverage.objects + facts->clusters[i].backups.count > 0)
			add_backups(&problems, &facts->clusters[i]);
		add_drill(&problems, &facts->clusters[i]);
	}
	add_objects(&problems, facts->damaged, "cannot be opened because of damage");
	add_objects(&problems, facts->missing_keys, "need a key that is not configured");
	add_checks(&problems, facts, HEALTH_UNKNOWN);
	add_checks(&problems, facts, HEALTH_WARNING);
	if (problems.count > 0)
		html_add(html, "</ul>\n");
	else if (facts->cluster_count == 0)
		html_add(html, "<p class=\"bad\">The repository is empty.</p>\n");
	else
		html_add(html, "<p class=\"ok\">Nothing that this page looks at.</p>\n");
	if (!facts->health_known) {
		html_add(html, "<p class=\"soft\">The checks of the server are missing: ");
		html_text(html, facts->no_health.text);
		html_add(html, ".</p>\n");
	}
	html_add(html, "</section>\n");
}

void page_checks(struct html *html, const struct facts *facts)
{
	if (!facts->health_known)
		return;
	html_add(html,
		 "<section>\n<h2>Checks of the server of cluster %" PRIu64 "</h2>\n<div class=\"scroll\" "
		 "tabindex=\"0\" role=\"region\" aria-label=\"Checks\">\n<table>\n<thead><tr><th "
		 "scope=\"col\">Check</th><th scope=\"col\">Result</th><th scope=\"col\">Finding</th></tr></thead>\n"
		 "<tbody>\n",
		 facts->health.system_id);
	for (size_t i = 0; i < facts->health_report.count; i++) {
		const struct health_check *check = &facts->health_report.checks[i];
		html_add(html, "<tr><th scope=\"row\">");
		html_text(html, check->name);
		html_add(html, "</th><td><span class=\"%s\">%s</span></td><td class=\"wrap\">",
			 check->skipped ? "soft" : classes[check->level],
			 check->skipped ? "–" : health_level_name(check->level));
		html_text(html, check->text);
		html_add(html, "</td></tr>\n");
	}
	html_add(html, "</tbody>\n</table>\n</div>\n</section>\n");
}
