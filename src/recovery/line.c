#include "recovery/line.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/array.h"

static enum status add_part(struct line *line, const struct line_part *part, struct error *err)
{
	void *parts = array_grow(line->parts, line->count, &line->capacity, sizeof *line->parts);
	if (parts == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory for a timeline");
	line->parts = parts;
	line->parts[line->count++] = *part;
	return STATUS_OK;
}

static void reverse(struct line *line)
{
	for (size_t i = 0, k = line->count; i + 1 < k; i++) {
		struct line_part kept = line->parts[i];
		line->parts[i] = line->parts[--k];
		line->parts[k] = kept;
	}
}

enum status line_of(struct line *out, const struct coverage *coverage, uint32_t timeline, struct error *err)
{
	enum status st = STATUS_OK;
	uint64_t end_lsn = UINT64_MAX;
	*out = (struct line){.timeline = timeline};
	for (uint32_t id = timeline; !st && id != 0;) {
		const struct coverage_timeline *each = coverage_timeline_of(coverage, id);
		uint32_t parent = each == NULL ? 0 : each->parent;
		if (parent >= id)
			return error_set(err, STATUS_DAMAGED,
					 "the history of timeline %" PRIu32 " names timeline %" PRIu32 " as its parent",
					 id, parent);
		struct line_part part = {id, parent == 0 ? 0 : each->switch_lsn, end_lsn};
		st = add_part(out, &part, err);
		end_lsn = part.begin_lsn;
		id = parent;
	}
	reverse(out);
	return st;
}

void line_fini(struct line *line)
{
	free(line->parts);
	*line = (struct line){0};
}

bool line_passes(const struct line *line, uint32_t timeline, uint64_t lsn)
{
	for (size_t i = 0; i < line->count; i++)
		if (line->parts[i].timeline == timeline)
			return lsn >= line->parts[i].begin_lsn && lsn <= line->parts[i].end_lsn;
	return false;
}

uint32_t line_at(const struct line *line, uint64_t lsn)
{
	size_t i = 0;
	while (i + 1 < line->count && lsn >= line->parts[i].end_lsn)
		i++;
	return line->parts[i].timeline;
}

uint64_t line_shared(const struct line *one, const struct line *other)
{
	size_t i = 0;
	while (i < one->count && i < other->count && one->parts[i].timeline == other->parts[i].timeline &&
	       one->parts[i].end_lsn == other->parts[i].end_lsn)
		i++;
	if (i == one->count && i == other->count)
		return UINT64_MAX;
	/* The timelines are the same up to the earlier end. */
	if (i < one->count && i < other->count && one->parts[i].timeline == other->parts[i].timeline)
		return one->parts[i].end_lsn < other->parts[i].end_lsn ? one->parts[i].end_lsn
								       : other->parts[i].end_lsn;
	return i == 0 ? 0 : one->parts[i - 1].end_lsn;
}

/* Behind the part's last segment, which may be divided between the part and the next one. */
static uint64_t segments_end(const struct line_part *part, uint32_t segment_bytes)
{
	return part->end_lsn == UINT64_MAX ? UINT64_MAX : (part->end_lsn + segment_bytes - 1) / segment_bytes;
}

uint32_t line_segment(const struct line *line, const struct coverage *coverage, uint64_t number, uint64_t *end)
{
	uint64_t most = UINT64_MAX; /* from there on, a newer part may have the segment */
	for (size_t i = line->count; i-- > 0;) {
		const struct line_part *part = &line->parts[i];
		uint64_t begins = part->begin_lsn / coverage->segment_bytes;
		uint64_t part_end = segments_end(part, coverage->segment_bytes);
		if (begins <= number && number < part_end && coverage_run(coverage, part->timeline, number, end)) {
			*end = *end < part_end ? *end : part_end;
			*end = *end < most ? *end : most;
			return part->timeline;
		}
		most = begins > number ? begins : number + 1;
	}
	*end = number;
	return 0;
}

uint64_t line_reach(const struct line *line, const struct coverage *coverage, uint64_t number)
{
	uint64_t end;
	while (line_segment(line, coverage, number, &end) != 0)
		number = end;
	return number;
}

bool line_goes_on(const struct line *line, const struct coverage *coverage, uint64_t number)
{
	for (size_t i = 0; i < line->count; i++) {
		const struct coverage_timeline *each = coverage_timeline_of(coverage, line->parts[i].timeline);
		uint64_t end = segments_end(&line->parts[i], coverage->segment_bytes);
		if (each != NULL && each->segments > 0 && each->last >= number && end > number + 1)
			return true;
	}
	return false;
}
