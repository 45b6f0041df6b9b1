#include "repo/coverage.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "pg/wal/history.h"
#include "repo/coverage_private.h"

void coverage_init(struct coverage *coverage, uint64_t system_id, uint32_t segment_bytes)
{
	*coverage = (struct coverage){.system_id = system_id, .segment_bytes = segment_bytes};
}

void coverage_fini(struct coverage *coverage)
{
	free(coverage->timelines);
	free(coverage->gaps);
	*coverage = (struct coverage){0};
}

struct coverage_timeline *coverage_find(const struct coverage *coverage, uint32_t id)
{
	size_t low = 0, high = coverage->timeline_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (coverage->timelines[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < coverage->timeline_count && coverage->timelines[low].id == id ? &coverage->timelines[low] : NULL;
}

/* Inserts the timeline if it is new. Pointers to other timelines become invalid. */
static enum status find_or_insert(struct coverage *coverage, uint32_t id, struct coverage_timeline **out,
				  struct error *err)
{
	*out = coverage_find(coverage, id);
	if (*out != NULL)
		return STATUS_OK;
	if (coverage->timeline_count == COVERAGE_TIMELINES_MAX)
		return error_hint(err, error_set(err, STATUS_LOCAL, "more than %d timelines", COVERAGE_TIMELINES_MAX),
				  "no cluster of PostgreSQL has so many: walship list shows the objects; to look at "
				  "another cluster alone, give its system identifier");
	void *timelines = array_grow(coverage->timelines, coverage->timeline_count, &coverage->timeline_capacity,
				     sizeof *coverage->timelines);
	if (timelines == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory for a timeline");
	coverage->timelines = timelines;
	size_t at = coverage->timeline_count;
	while (at > 0 && coverage->timelines[at - 1].id > id)
		at--;
	memmove(&coverage->timelines[at + 1], &coverage->timelines[at],
		(coverage->timeline_count - at) * sizeof *coverage->timelines);
	coverage->timelines[at] = (struct coverage_timeline){.id = id};
	coverage->timeline_count++;
	*out = &coverage->timelines[at];
	return STATUS_OK;
}

enum status coverage_keep_gap(struct coverage *coverage, const struct coverage_gap *gap, bool *kept, struct error *err)
{
	*kept = coverage->gap_count < COVERAGE_GAPS_MAX;
	if (!*kept)
		return STATUS_OK;
	void *gaps = array_grow(coverage->gaps, coverage->gap_count, &coverage->gap_capacity, sizeof *coverage->gaps);
	if (gaps == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory for a gap");
	coverage->gaps = gaps;
	coverage->gaps[coverage->gap_count++] = *gap;
	return STATUS_OK;
}

static int by_place(const void *a, const void *b)
{
	const struct coverage_gap *left = a, *right = b;
	if (left->timeline != right->timeline)
		return left->timeline < right->timeline ? -1 : 1;
	return left->first < right->first ? -1 : left->first > right->first;
}

void coverage_sort_gaps(struct coverage *coverage)
{
	if (coverage->gap_count > 0)
		qsort(coverage->gaps, coverage->gap_count, sizeof *coverage->gaps, by_place);
}

enum status coverage_add_gap(struct coverage *coverage, struct coverage_timeline *timeline,
			     const struct coverage_gap *gap, struct error *err)
{
	bool kept = true;
	timeline->gaps++;
	timeline->gap_segments += gap->last - gap->first + 1;
	enum status st = coverage_keep_gap(coverage, gap, &kept, err);
	if (!kept) {
		coverage->gaps_unlisted++;
		if (timeline->unlisted.ranges == 0)
			timeline->unlisted.first = gap->first;
		timeline->unlisted.ranges++;
		timeline->unlisted.segments += gap->last - gap->first + 1;
		timeline->unlisted.end = gap->last + 1;
	}
	return st;
}

void coverage_note_unlisted(struct coverage_timeline *timeline, uint64_t first)
{
	if (!timeline->has_unlisted || first < timeline->listed_end)
		timeline->listed_end = first;
	timeline->has_unlisted = true;
}

static enum status add_segment(struct coverage *coverage, struct coverage_timeline *timeline, uint64_t number,
			       uint64_t bytes, int64_t modified_s, struct error *err)
{
	enum status st = STATUS_OK;
	if (timeline->segments == 0) {
		timeline->first = number;
		timeline->first_s = modified_s;
	} else if (number <= timeline->last) {
		return error_set(err, STATUS_CONFLICT, "the names of segments are out of order");
	} else if (number > timeline->last + 1) {
		timeline->last_gap = (struct coverage_gap){.timeline = timeline->id,
							   .needed = true,
							   .first = timeline->last + 1,
							   .last = number - 1,
							   .before_s = timeline->last_s,
							   .behind_s = modified_s};
		st = coverage_add_gap(coverage, timeline, &timeline->last_gap, err);
		if (timeline->unlisted.ranges > 0)
			coverage_note_unlisted(timeline, timeline->last_gap.first);
	}
	timeline->segments++;
	timeline->segment_bytes_stored += bytes;
	timeline->last = number;
	timeline->last_s = modified_s;
	return st;
}

static void count(struct coverage_timeline *timeline, uint64_t bytes, int64_t modified_s)
{
	if (timeline->objects == 0 || modified_s < timeline->oldest_s)
		timeline->oldest_s = modified_s;
	if (timeline->objects == 0 || modified_s > timeline->newest_s)
		timeline->newest_s = modified_s;
	timeline->objects++;
	timeline->bytes += bytes;
}

enum status coverage_add(struct coverage *coverage, const struct wal_name *name, uint64_t bytes, int64_t modified_s,
			 struct error *err)
{
	struct coverage_timeline *timeline;
	uint64_t number = 0;
	coverage->objects++;
	if (name->kind != WAL_HISTORY && !wal_name_number(name, coverage->segment_bytes, &number)) {
		coverage->invalid_names++;
		return STATUS_OK;
	}
	enum status st = find_or_insert(coverage, name->timeline, &timeline, err);
	if (st)
		return st;
	count(timeline, bytes, modified_s);
	switch (name->kind) {
	case WAL_SEGMENT:
		return add_segment(coverage, timeline, number, bytes, modified_s, err);
	case WAL_PARTIAL:
		timeline->partials++;
		return STATUS_OK;
	case WAL_BACKUP:
		timeline->backups++;
		return STATUS_OK;
	case WAL_HISTORY:
		timeline->has_history = true;
		return STATUS_OK;
	}
	return STATUS_OK;
}

void coverage_mark_archived(struct coverage *coverage, const struct wal_name *name)
{
	uint64_t number;
	struct coverage_timeline *timeline = coverage_find(coverage, name->timeline);
	if (timeline == NULL || name->kind != WAL_SEGMENT || !wal_name_number(name, coverage->segment_bytes, &number))
		return;
	if (timeline->archived_end == 0)
		timeline->archived_first = number;
	timeline->archived_end = number + 1;
}

const struct coverage_timeline *coverage_parent(const struct coverage *coverage,
						const struct coverage_timeline *timeline)
{
	return timeline->parent == 0 ? NULL : coverage_find(coverage, timeline->parent);
}

void coverage_set_aside(struct coverage *coverage, uint32_t id)
{
	struct coverage_timeline *timeline = coverage_find(coverage, id);
	if (timeline != NULL)
		timeline->set_aside = true;
}

/* State while a history is read: the timeline of each line is the parent of the next. */
struct lineage {
	struct coverage *coverage;
	uint32_t parent;
	uint64_t switch_lsn;
};

/* A timeline's own history takes precedence over the histories of its children. */
static enum status set_parent(struct lineage *lineage, uint32_t id, bool own, struct error *err)
{
	struct coverage_timeline *timeline;
	enum status st = find_or_insert(lineage->coverage, id, &timeline, err);
	if (!st && lineage->parent != 0 && (own || (timeline->parent == 0 && !timeline->has_history))) {
		timeline->parent = lineage->parent;
		timeline->switch_lsn = lineage->switch_lsn;
	}
	return st;
}

static enum status take_line(void *arg, uint32_t id, uint64_t switch_lsn, struct error *err)
{
	struct lineage *lineage = arg;
	enum status st = set_parent(lineage, id, false, err);
	lineage->parent = id;
	lineage->switch_lsn = switch_lsn;
	return st;
}

enum status coverage_history(struct coverage *coverage, uint32_t timeline, const char *text, size_t len,
			     struct error *err)
{
	struct lineage lineage = {.coverage = coverage};
	enum status st = wal_history_read(timeline, text, len, take_line, &lineage, err);
	return st ? st : set_parent(&lineage, timeline, true, err);
}

int64_t coverage_newest_s(const struct coverage *coverage)
{
	int64_t newest_s = 0;
	for (size_t i = 0; i < coverage->timeline_count; i++)
		if (coverage->timelines[i].newest_s > newest_s)
			newest_s = coverage->timelines[i].newest_s;
	return newest_s;
}
