/* Windows of random clusters, compared with windows found segment by segment. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "repo/coverage.h"
#include "support/cmocka.h"

#define MIB (1024 * 1024)
#define ROUNDS 20000
#define TIMELINES 6
#define SEGMENTS 16
#define WINDOWS_MAX 256

static struct error err;

/* A cluster: timelines from 1 on, segments from 1 on. */
struct cluster {
	uint32_t parent[TIMELINES + 1];
	uint64_t begin[TIMELINES + 1]; /* the segment in which it leaves its parent */
	bool stored[TIMELINES + 1][SEGMENTS + 1], lost[TIMELINES + 1][SEGMENTS + 1];
};

struct window {
	uint32_t timeline, first_timeline, last_timeline;
	uint64_t first, last;
	bool at_gap;
};

struct windows {
	struct window items[WINDOWS_MAX];
	size_t count;
};

static uint32_t some(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 16) % below;
}

static void make(struct cluster *cluster, uint32_t *seed)
{
	*cluster = (struct cluster){.begin = {0, 1}};
	for (uint32_t id = 1; id <= TIMELINES; id++) {
		if (id > 1) {
			uint32_t parent = 1 + some(seed, id - 1);
			cluster->parent[id] = parent;
			cluster->begin[id] =
			    cluster->begin[parent] + some(seed, SEGMENTS - (uint32_t)cluster->begin[parent] + 1);
			/* Only the oldest timeline begins at segment 1. */
			cluster->begin[id] += cluster->begin[id] == 1;
		}
		uint64_t end = cluster->begin[id] + some(seed, 9);
		for (uint64_t number = cluster->begin[id]; number < end && number <= SEGMENTS; number++) {
			cluster->stored[id][number] = some(seed, 6) > 0;
			cluster->lost[id][number] = some(seed, 12) == 0;
		}
	}
	cluster->stored[1][1] = true;
}

static void feed(const struct cluster *cluster, struct coverage *coverage)
{
	struct wal_name name;
	char history[64];
	coverage_init(coverage, 42, MIB);
	for (uint32_t id = 1; id <= TIMELINES; id++)
		for (uint64_t number = 1; number <= SEGMENTS; number++) {
			wal_name_of_number(&name, id, number, MIB);
			if (cluster->stored[id][number])
				assert_ok(coverage_add(coverage, &name, 1, (int64_t)(100 * id + number), &err), err);
		}
	for (uint32_t id = 2; id <= TIMELINES; id++) {
		(void)snprintf(history, sizeof history, "%u\t0/%X\tx\n", cluster->parent[id],
			       (unsigned)(cluster->begin[id] * MIB));
		assert_ok(coverage_history(coverage, id, history, strlen(history), &err), err);
	}
	assert_ok(coverage_end(coverage, &err), err);
	for (uint32_t id = 1; id <= TIMELINES; id++)
		for (uint64_t number = 1; number <= SEGMENTS; number++)
			if (cluster->stored[id][number] && cluster->lost[id][number])
				assert_ok(coverage_mark_lost(coverage, id, number, &err), err);
}

/* The timeline that has this segment on the way to the end of timeline id. */
static uint32_t owner(const struct cluster *cluster, uint32_t id, uint64_t number)
{
	while (cluster->parent[id] != 0 && number < cluster->begin[id])
		id = cluster->parent[id];
	return id;
}

static bool is_there(const struct cluster *cluster, uint32_t id, uint64_t number)
{
	uint32_t named = owner(cluster, id, number);
	return number > 0 && cluster->stored[named][number] && !cluster->lost[named][number];
}

/* Adds the window, unless it is part of another window or equals it; an empty timeline takes over an equal window. */
static void add(const struct cluster *cluster, struct windows *windows, const struct window *window, bool empty)
{
	for (size_t i = 0; i < windows->count; i++) {
		struct window *each = &windows->items[i];
		bool within = each->first == window->first && each->first_timeline == window->first_timeline &&
			      window->last <= each->last &&
			      owner(cluster, each->timeline, window->last) == window->last_timeline;
		bool around = each->first == window->first && each->first_timeline == window->first_timeline &&
			      each->last <= window->last &&
			      owner(cluster, window->timeline, each->last) == each->last_timeline;
		if (within && (window->at_gap || (empty && !each->at_gap && each->last_timeline != each->timeline &&
						  each->last == window->last))) {
			if (!window->at_gap)
				each->timeline = window->timeline;
			return;
		}
		if (around && each->at_gap)
			*each = windows->items[--windows->count], i--;
	}
	assert_true(windows->count < WINDOWS_MAX);
	windows->items[windows->count++] = *window;
}

static void find(const struct cluster *cluster, const struct coverage *coverage, struct windows *windows)
{
	windows->count = 0;
	for (size_t i = 0; i < coverage->timeline_count; i++) {
		const struct coverage_timeline *timeline = &coverage->timelines[i];
		bool empty = timeline->segments == 0;
		uint64_t end = empty ? cluster->begin[timeline->id] : timeline->last + 1;
		for (uint64_t number = timeline->is_abandoned ? 0 : end - 1; number > 0; number--) {
			if (!is_there(cluster, timeline->id, number))
				continue;
			struct window window = {.timeline = timeline->id,
						.last_timeline = owner(cluster, timeline->id, number),
						.last = number,
						.at_gap = number < end - 1};
			while (is_there(cluster, timeline->id, number - 1))
				number--;
			window.first = number;
			window.first_timeline = owner(cluster, timeline->id, number);
			add(cluster, windows, &window, empty);
		}
	}
}

static enum status collect(void *arg, const struct coverage_window *window, struct error *error)
{
	struct windows *windows = arg;
	(void)error;
	assert_true(windows->count < WINDOWS_MAX);
	windows->items[windows->count++] =
	    (struct window){window->timeline, window->first_timeline, window->last_timeline,
			    window->first,    window->last,           window->at_gap};
	return STATUS_OK;
}

static int by_place(const void *a, const void *b)
{
	const struct window *left = a, *right = b;
	if (left->last_timeline != right->last_timeline)
		return left->last_timeline < right->last_timeline ? -1 : 1;
	if (left->last != right->last)
		return left->last < right->last ? -1 : 1;
	return left->at_gap - right->at_gap;
}

static void describe(struct windows *windows, struct buffer *out)
{
	qsort(windows->items, windows->count, sizeof windows->items[0], by_place);
	for (size_t i = 0; i < windows->count; i++) {
		const struct window *each = &windows->items[i];
		(void)buffer_printf(out, &err, " %s%u:%" PRIu64 "..%u:%" PRIu64, each->at_gap ? "|" : "=",
				    each->first_timeline, each->first, each->last_timeline, each->last);
		if (!each->at_gap)
			(void)buffer_printf(out, &err, "(%u)", each->timeline);
	}
}

static void finds_each_window_once(void **unused)
{
	(void)unused;
	uint32_t seed = 1;
	size_t gaps = 0, joined = 0;
	for (int round = 0; round < ROUNDS; round++) {
		struct cluster cluster;
		struct coverage coverage;
		struct windows found = {.count = 0}, expected;
		struct buffer got = {0}, wanted = {0};
		make(&cluster, &seed);
		feed(&cluster, &coverage);
		assert_ok(coverage_windows(&coverage, collect, &found, &err), err);
		find(&cluster, &coverage, &expected);
		for (size_t i = 0; i < found.count; i++) {
			gaps += found.items[i].at_gap;
			joined += found.items[i].first_timeline != found.items[i].last_timeline;
		}
		describe(&found, &got);
		describe(&expected, &wanted);
		if (found.count != expected.count ||
		    (found.count > 0 && strcmp(buffer_text(&got), buffer_text(&wanted)) != 0))
			fail_msg("round %d:%s\nexpected%s", round, found.count == 0 ? "" : buffer_text(&got),
				 expected.count == 0 ? "" : buffer_text(&wanted));
		buffer_fini(&got);
		buffer_fini(&wanted);
		coverage_fini(&coverage);
	}
	assert_true(gaps > ROUNDS && joined > ROUNDS / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_each_window_once),
	};
	return cmocka_run_group_tests_name("repo/coverage_window", tests, NULL, NULL);
}
