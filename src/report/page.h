/* Writes the page: one HTML document that needs nothing else. */
#ifndef WALSHIP_REPORT_PAGE_H
#define WALSHIP_REPORT_PAGE_H

#include "report/facts.h"
#include "report/html.h"

/* Appends the whole document. */
void page_write(struct html *html, const struct facts *facts);

/* The sections of page.c, one for each file. All append to html. */

/* The list of problems, the worst first, or a line that there are none. */
void page_problems(struct html *html, const struct facts *facts);

/* The checks of walship status, as a table. */
void page_checks(struct html *html, const struct facts *facts);

/* To which moments the cluster can be recovered, in sentences. */
void page_words(struct html *html, const struct facts *facts, const struct fact_cluster *cluster);

void page_time_line(struct html *html, const struct facts *facts, const struct fact_cluster *cluster);
void page_growth(struct html *html, const struct fact_cluster *cluster);
void page_backups(struct html *html, const struct fact_cluster *cluster);
void page_drills(struct html *html, const struct fact_cluster *cluster);
void page_dumps(struct html *html, const struct fact_cluster *cluster);
void page_timelines(struct html *html, const struct fact_cluster *cluster);

/* A table in a box that scrolls, from its first tag to the beginning of its rows; and its end. */
void page_table_begin(struct html *html, const char *label, const char *const *columns, size_t count);
void page_table_end(struct html *html);

#endif
