/* How much was stored on each day. */
#include "report/page.h"

#define BAR 16
#define HEIGHT 120

static uint64_t most(const struct growth *growth)
{
	uint64_t bytes = 1;
	for (size_t back = 0; back < GROWTH_DAYS; back++)
		if (growth_of_day(growth, back) > bytes)
			bytes = growth_of_day(growth, back);
	return bytes;
}

static void write_day(struct html *html, const struct growth *growth, size_t back, uint64_t highest)
{
	char day[UTC_TEXT_SIZE];
	uint64_t bytes = growth_of_day(growth, back);
	int height = (int)((double)bytes / (double)highest * HEIGHT);
	if (bytes == 0)
		return;
	utc_text((growth->today - (int64_t)back) * 86400, day);
	html_add(html, "<rect class=\"grow\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"><title>%.10s: ",
		 (int)(GROWTH_DAYS - 1 - back) * BAR, height < 1 ? HEIGHT - 1 : HEIGHT - height, BAR - 3,
		 height < 1 ? 1 : height, day);
	html_bytes(html, bytes);
	html_add(html, "</title></rect>\n");
}

void page_growth(struct html *html, const struct fact_cluster *cluster)
{
	const struct growth *growth = &cluster->growth;
	uint64_t highest = most(growth);
	html_add(html,
		 "<figure>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Growth\">\n<svg "
		 "viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Bytes stored on each of the last %d days, at most ",
		 GROWTH_DAYS * BAR, HEIGHT + 1, GROWTH_DAYS);
	html_bytes(html, highest);
	html_add(html, "\">\n");
	for (size_t back = 0; back < GROWTH_DAYS; back++)
		write_day(html, growth, back, highest);
	html_add(html,
		 "</svg>\n</div>\n<figcaption>Bytes that the repository keeps, by the day on which they were stored: "
		 "the last %d days, today on the right, at most ",
		 GROWTH_DAYS);
	html_bytes(html, highest);
	html_add(html, " a day.</figcaption>\n</figure>\n");
}
