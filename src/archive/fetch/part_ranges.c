#include "archive/fetch/part_ranges.h"

#include <stdlib.h>

#include "base/array.h"

void part_ranges_fini(struct part_ranges *ranges)
{
	free(ranges->items);
	*ranges = (struct part_ranges){0};
}

/* Only a range that begins earlier, or at the same byte, can contain another range. */
static void forget_covered(struct part_ranges *ranges)
{
	size_t kept = 0;
	for (size_t i = 0; i < ranges->count; i++) {
		struct part_range range = ranges->items[i];
		if (kept > 0 && ranges->items[kept - 1].first == range.first)
			kept--;
		if (kept == 0 || ranges->items[kept - 1].end < range.end)
			ranges->items[kept++] = range;
	}
	ranges->count = kept;
}

enum status part_ranges_add(struct part_ranges *ranges, uint32_t first, uint32_t end, struct error *err)
{
	if (ranges->count == PART_RANGES_MAX)
		forget_covered(ranges);
	if (ranges->count == PART_RANGES_MAX)
		return error_set(err, STATUS_LOCAL, "too many parts");
	struct part_range *items = array_grow(ranges->items, ranges->count, &ranges->capacity, sizeof *items);
	if (items == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	ranges->items = items;
	items[ranges->count++] = (struct part_range){first, end};
	return STATUS_OK;
}

struct part_range *part_ranges_next(const struct part_ranges *ranges, uint32_t at)
{
	struct part_range *best = NULL;
	for (size_t i = 0; i < ranges->count && ranges->items[i].first <= at; i++)
		if (ranges->items[i].end > at && (best == NULL || ranges->items[i].end > best->end))
			best = &ranges->items[i];
	return best;
}
