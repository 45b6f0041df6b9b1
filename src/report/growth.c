#include "report/growth.h"

#define DAY_S 86400
#define MEAN_DAYS 7

void growth_begin(struct growth *growth, int64_t now_s)
{
	*growth = (struct growth){.today = now_s / DAY_S};
}

void growth_add(struct growth *growth, enum growth_kind kind, uint64_t bytes, int64_t stored_s)
{
	int64_t back = growth->today - stored_s / DAY_S;
	growth->objects[kind]++;
	growth->total[kind] += bytes;
	if (back < 0)
		back = 0;
	if (back < GROWTH_DAYS)
		growth->bytes[kind][back] += bytes;
}

uint64_t growth_of_day(const struct growth *growth, size_t back)
{
	uint64_t bytes = 0;
	for (size_t kind = 0; kind < GROWTH_KIND_COUNT; kind++)
		bytes += growth->bytes[kind][back];
	return bytes;
}

uint64_t growth_per_day(const struct growth *growth)
{
	uint64_t sum = 0;
	size_t days = 0;
	/* Days before the first object say nothing of the growth. */
	for (size_t back = 1; back <= MEAN_DAYS; back++)
		if (growth_of_day(growth, back) > 0)
			days = back;
	for (size_t back = 1; back <= days; back++)
		sum += growth_of_day(growth, back);
	return days == 0 ? 0 : sum / days;
}
