#include "verify/record_boundary.h"

#include <stdlib.h>
#include <string.h>

enum status record_boundaries_init(struct record_boundaries *boundaries, size_t jobs, struct error *err)
{
	boundaries->count = 2 * jobs + 1;
	boundaries->items = calloc(boundaries->count, sizeof *boundaries->items);
	return boundaries->items == NULL ? error_set(err, STATUS_LOCAL, "out of memory") : STATUS_OK;
}

void record_boundaries_fini(struct record_boundaries *boundaries)
{
	for (size_t i = 0; i < boundaries->count && boundaries->items != NULL; i++)
		free(boundaries->items[i].head);
	free(boundaries->items);
	*boundaries = (struct record_boundaries){0};
}

/* The boundary before this job, or a free slot for it. Never NULL with the slots of record_boundaries_init. */
static struct record_boundary *find(struct record_boundaries *boundaries, uint64_t number)
{
	struct record_boundary *vacant = NULL;
	for (size_t i = 0; i < boundaries->count; i++) {
		if (boundaries->items[i].number == number)
			return &boundaries->items[i];
		if (boundaries->items[i].number == 0)
			vacant = &boundaries->items[i];
	}
	if (vacant != NULL)
		vacant->number = number;
	return vacant;
}

static void see_mark(void *arg, const struct record_mark *mark)
{
	if (mark->kind == MARK_COMMIT || mark->kind == MARK_ABORT)
		*(int64_t *)arg = mark->time_us;
}

static enum record_boundary_outcome join(struct record_boundary *boundary, struct error *err)
{
	if (!boundary->tail_good || !boundary->head_good)
		return RECORD_BOUNDARY_NONE;
	bool open = records_are_open(&boundary->tail), first_skipped = boundary->tail.skipped;
	if (boundary->head == NULL)
		return open && !first_skipped ? RECORD_BOUNDARY_SKIPPED : RECORD_BOUNDARY_NONE;
	if (records_feed(&boundary->tail, boundary->head, boundary->head_len, err))
		return RECORD_BOUNDARY_DAMAGED;
	/* A record that crosses several segments was counted at the first of these boundaries. */
	if (!open || first_skipped)
		return RECORD_BOUNDARY_NONE;
	return records_are_open(&boundary->tail) ? RECORD_BOUNDARY_SKIPPED : RECORD_BOUNDARY_GOOD;
}

static enum record_boundary_outcome settle(struct record_boundaries *boundaries, struct record_boundary *boundary,
					   struct error *err)
{
	boundaries->crossing_us = 0;
	if (!boundary->has_tail || !boundary->has_head)
		return RECORD_BOUNDARY_NONE;
	bool both = boundary->tail_good && boundary->head_good;
	bool open = both && records_are_open(&boundary->tail);
	boundary->tail.mark_arg = &boundaries->crossing_us;
	if (boundary->tail.marked != NULL)
		boundary->tail.marked = see_mark;
	enum record_boundary_outcome outcome = join(boundary, err);
	boundaries->joined = outcome == RECORD_BOUNDARY_GOOD || (outcome == RECORD_BOUNDARY_NONE && both && !open);
	boundaries->level = boundary->tail.level;
	free(boundary->head);
	*boundary = (struct record_boundary){0};
	return outcome;
}

enum record_boundary_outcome record_boundaries_end(struct record_boundaries *boundaries, uint64_t number,
						   const struct inspected *inspected, struct error *err)
{
	struct record_boundary *boundary = find(boundaries, number + 1);
	boundaries->joined = false;
	if (boundary == NULL)
		return RECORD_BOUNDARY_SKIPPED;
	boundary->has_tail = true;
	boundary->tail_good = inspected->is_segment;
	boundary->tail = inspected->records;
	return settle(boundaries, boundary, err);
}

/* The bytes before the first record that begins here continue the last record of the previous segment. */
static void keep_head(struct record_boundary *boundary, const struct inspected *inspected)
{
	const struct records *records = &inspected->records;
	uint64_t begin = records->lsn - records->segment_bytes;
	uint64_t len = records->begun_lsn - begin;
	if (records->begun_lsn == 0 || len > inspected->head.len)
		return;
	boundary->head = malloc((size_t)len);
	if (boundary->head == NULL)
		return;
	memcpy(boundary->head, inspected->head.data, (size_t)len);
	boundary->head_len = (size_t)len;
}

enum record_boundary_outcome record_boundaries_begin(struct record_boundaries *boundaries, uint64_t number,
						     const struct inspected *inspected, bool follows, struct error *err)
{
	struct record_boundary *boundary = find(boundaries, number);
	boundaries->joined = false;
	if (boundary == NULL)
		return RECORD_BOUNDARY_SKIPPED;
	boundary->has_head = true;
	boundary->head_good = inspected->is_segment && follows;
	/* No segment precedes the first job. */
	boundary->has_tail |= number == 1;
	if (boundary->head_good)
		keep_head(boundary, inspected);
	return settle(boundaries, boundary, err);
}
