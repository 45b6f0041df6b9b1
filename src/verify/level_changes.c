#include "verify/level_changes.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* The first change at or after this segment. */
static size_t find(const struct level_changes *changes, uint32_t timeline, uint64_t number)
{
	size_t low = 0, high = changes->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct level_change *change = &changes->items[middle];
		if (change->timeline < timeline || (change->timeline == timeline && change->number < number))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

enum status level_changes_note(struct level_changes *changes, const struct level_change *change, struct error *err)
{
	size_t at = find(changes, change->timeline, change->number);
	if (at < changes->count && changes->items[at].timeline == change->timeline &&
	    changes->items[at].number == change->number) {
		changes->items[at] = *change;
		return STATUS_OK;
	}
	if (changes->count == LEVEL_CHANGES_MAX)
		return error_set(err, STATUS_LOCAL, "out of memory");
	void *items = array_grow(changes->items, changes->count, &changes->capacity, sizeof *changes->items);
	if (items == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	changes->items = items;
	memmove(&changes->items[at + 1], &changes->items[at], (changes->count - at) * sizeof *changes->items);
	changes->items[at] = *change;
	changes->count++;
	return STATUS_OK;
}

void level_changes_fini(struct level_changes *changes)
{
	free(changes->items);
	*changes = (struct level_changes){0};
}

/* The end of the range that begins at this change: the segment where wal_level rises, or the end of the timeline. */
static size_t find_end(const struct level_changes *changes, size_t at, struct level_range *range)
{
	while (changes->items[at].seen.minimal) {
		if (at + 1 == changes->count || changes->items[at + 1].timeline != range->timeline) {
			range->last = UINT64_MAX;
			return at;
		}
		at++;
	}
	range->last = changes->items[at].number;
	return at;
}

enum status level_changes_report(const struct level_changes *changes, const struct level_report *report,
				 struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < changes->count; i++) {
		const struct level_change *change = &changes->items[i];
		struct level_range range = {.timeline = change->timeline, .first = change->number};
		if (!change->seen.fell) {
			st = report->other(report->arg, change->timeline, change->number, err);
			continue;
		}
		i = find_end(changes, i, &range);
		st = report->range(report->arg, &range, err);
	}
	return st;
}
