/* The removal of WAL from random trees of timelines: nothing above the limit goes, and no gap appears at any limit. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "expire/wal_removal.h"
#include "repo/coverage.h"
#include "support/cmocka.h"
#include "support/memory_store.h"
#include "support/world.h"

#define ID UINT64_C(7601921254259666965)
#define SEGMENT_BYTES (256U * 1024 * 1024) /* 16 in each directory */
#define TIMELINES_MAX 6
#define SEGMENTS_MAX 60

static struct world world;
static struct error err;

static struct branch {
	uint32_t parent;
	uint64_t switch_lsn, first, last; /* segments */
} branches[TIMELINES_MAX + 1];            /* by timeline */
static uint32_t timelines;

static unsigned pick(unsigned below)
{
	return (unsigned)random() % below;
}

/* A child's first segment is a copy of its parent's at the switch; the parent may go on, archive less, or end there. */
static void make_branches(void)
{
	timelines = 1 + pick(TIMELINES_MAX);
	branches[1] = (struct branch){.first = 1, .last = 1 + pick(SEGMENTS_MAX)};
	for (uint32_t id = 2; id <= timelines; id++) {
		uint32_t parent = 1 + pick(id - 1);
		const struct branch *from = &branches[parent];
		uint64_t at = from->first + pick((unsigned)(from->last - from->first + 1));
		branches[id] = (struct branch){.parent = parent,
					       .switch_lsn = at * SEGMENT_BYTES + 8 * (1 + pick(1000)),
					       .first = at,
					       .last = at + pick(SEGMENTS_MAX)};
	}
}

static void put(struct store *store, const struct wal_name *name)
{
	char object[WAL_OBJECT_NAME_MAX];
	struct sink *sink = NULL;
	wal_object_name(object, ID, name);
	assert_ok(store_create(store, &world.call, object, &sink, &err), err);
	assert_ok(sink_finish(sink, &err), err);
	sink_free(sink);
}

static void put_all(struct store *store)
{
	for (uint32_t id = 1; id <= timelines; id++) {
		struct wal_name name;
		for (uint64_t number = branches[id].first; number <= branches[id].last; number++) {
			wal_name_of_number(&name, id, number, SEGMENT_BYTES);
			put(store, &name);
		}
		char text[WAL_NAME_MAX];
		(void)snprintf(text, sizeof text, "%08" PRIX32 ".history", id);
		assert_ok(wal_name_parse(&name, text, &err), err);
		if (id > 1)
			put(store, &name);
	}
}

static size_t history_of(char *out, size_t size, uint32_t id)
{
	size_t len = branches[id].parent > 1 ? history_of(out, size, branches[id].parent) : 0;
	return len + (size_t)snprintf(out + len, size - len, "%" PRIu32 "\t%" PRIX64 "/%" PRIX64 "\tx\n",
				      branches[id].parent, branches[id].switch_lsn >> 32,
				      branches[id].switch_lsn & UINT32_MAX);
}

struct left {
	struct coverage coverage;
	uint64_t limit, below, above; /* segments on each side of the limit */
};

static enum status on_object(void *arg, const struct object_info *info, struct error *error)
{
	struct left *left = arg;
	struct wal_name name;
	uint64_t id, number;
	assert_true(wal_object_parse(info->name, &id, &name));
	if (name.kind == WAL_SEGMENT) {
		assert_true(wal_name_number(&name, SEGMENT_BYTES, &number));
		left->below += number < left->limit;
		left->above += number >= left->limit;
	}
	return coverage_add(&left->coverage, &name, 100, (int64_t)(1000 + name.timeline), error);
}

static uint64_t count_above(uint64_t limit)
{
	uint64_t count = 0;
	for (uint32_t id = 1; id <= timelines; id++)
		for (uint64_t number = branches[id].first; number <= branches[id].last; number++)
			count += number >= limit;
	return count;
}

static void check(struct store *store, uint64_t limit, uint64_t seed, unsigned round)
{
	struct left left = {.limit = limit};
	char text[1024];
	coverage_init(&left.coverage, ID, SEGMENT_BYTES);
	for (uint32_t id = 2; id <= timelines; id++)
		assert_ok(coverage_history(&left.coverage, id, text, history_of(text, sizeof text, id), &err), err);
	assert_ok(store_list(store, &world.call, "", on_object, &left, &err), err);
	assert_ok(coverage_end(&left.coverage, &err), err);
	if (left.below != 0 || left.above != count_above(limit))
		fail_msg("seed %" PRIu64 ", round %u: %" PRIu64 " segments below the limit, %" PRIu64 " above", seed,
			 round, left.below, left.above);
	if (!coverage_is_complete(&left.coverage))
		fail_msg("seed %" PRIu64 ", round %u: a gap at the limit %" PRIu64, seed, round, limit);
	coverage_fini(&left.coverage);
}

static void remove_below(struct store *store, uint64_t limit, bool dry_run)
{
	const struct repository repo = {.store = store};
	struct removal removal = {.lists = &repo, .removes = &repo, .call = &world.call, .system_id = ID};
	const struct wal_floor floor = {
	    .kind = WAL_FLOOR_KNOWN, .lsn = limit * SEGMENT_BYTES + 40, .segment_bytes = SEGMENT_BYTES};
	struct wal_removal wal = {.removal = &removal, .floor = &floor, .until_s = INT64_MAX, .dry_run = dry_run};
	assert_ok(wal_removal_run(&wal, &err), err);
	for (size_t i = 0; i < wal.count; i++)
		assert_true(wal.ranges[i].last < limit &&
			    wal.ranges[i].first >= branches[wal.ranges[i].timeline].first);
	wal_removal_fini(&wal);
	removal_fini(&removal);
}

static void random_trees(void **unused)
{
	uint64_t seed = 0;
	(void)unused;
	world_init(&world);
	assert_ok(random_fill(&system_random, &seed, sizeof seed, &err), err);
	print_message("# seed %" PRIu64 "\n", seed);
	srandom((unsigned)seed);
	for (unsigned round = 0; round < 150; round++) {
		struct store *store = memory_store_open();
		make_branches();
		put_all(store);
		check(store, 0, seed, round);
		for (uint64_t limit = 1 + pick(10); limit < 2 * SEGMENTS_MAX; limit += 1 + pick(20)) {
			remove_below(store, limit, true);
			remove_below(store, limit, false);
			check(store, limit, seed, round);
		}
		store_free(store);
	}
	world_fini(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_trees),
	};
	return cmocka_run_group_tests_name("expire/wal_removal", tests, NULL, NULL);
}
