/* However many parts a segment has, recovery reads few, and the repeated bytes are bounded. */
#include <stdlib.h>
#include <string.h>

#include "receive/part_span.h"
#include "support/cmocka.h"

#define MIB ((size_t)1024 * 1024)
#define SEGMENT (16 * MIB)

/* reach[first]: the end of the part that begins there and reaches furthest. */
static uint32_t reach[SEGMENT];

struct outcome {
	size_t parts, reads, stored;
};

static size_t own_of(size_t least, size_t most, size_t left)
{
	size_t own = least + (most > least ? (size_t)rand() % (most - least) : 0);
	return own < left ? own : left;
}

/* Fills a segment with parts that have from least to most bytes of their own. */
static struct outcome fill(struct part_span *span, size_t least, size_t most)
{
	struct outcome out = {0};
	memset(reach, 0, sizeof reach);
	for (size_t at = 0; at < SEGMENT; out.parts++) {
		size_t back = part_span_back(span), own = own_of(least, most, SEGMENT - at);
		assert_true(back <= span->len && span->len <= span->size && span->len <= at);
		part_span_add(span, own);
		reach[at - back] = (uint32_t)(at + own);
		out.stored += back + own;
		at += own;
		if (span->len > 0)
			assert_true(span->len >= own);
	}
	part_span_clear(span);
	size_t best = 0;
	for (size_t at = 0, seen = 0; at < SEGMENT; out.reads++) {
		for (; seen <= at; seen++)
			best = reach[seen] > best ? reach[seen] : best;
		assert_true(best > at);
		at = best;
	}
	return out;
}

static const struct {
	const char *name;
	size_t least, most;  /* bytes */
	size_t reads, times; /* the most parts that are read; how often each byte is stored at most */
} cases[] = {
    {"one record each", 32, 33, 64, 6},
    {"small commits", 100, 500, 64, 5},
    {"pages", 8192, 8193, 64, 4},
    {"an interval of some load", 50000, 150000, 100, 3},
    {"half a buffer", 2 * MIB, 2 * MIB, 8, 1},
    {"full buffers", 4 * MIB, 4 * MIB, 4, 1},
    {"of all sizes", 1, 300000, 260, 3},
};

static void few_parts_are_read(void **unused)
{
	(void)unused;
	struct part_span span = {.size = 2 * MIB};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct outcome outcome = fill(&span, cases[i].least, cases[i].most);
		print_message("# %s: %zu parts, %zu are read, each byte is stored %.1f times\n", cases[i].name,
			      outcome.parts, outcome.reads, (double)outcome.stored / SEGMENT);
		assert_true(outcome.reads <= cases[i].reads);
		assert_true(outcome.stored <= cases[i].times * SEGMENT);
	}
}

static void powers_of_sixteen_repeat(void **unused)
{
	(void)unused;
	struct part_span span = {.size = 2 * MIB};
	for (size_t number = 1; number <= 3 * 256; number++) {
		size_t expected = number % 256 == 0 ? 255 : number % 16 == 0 ? 15 : 0;
		assert_int_equal(part_span_back(&span), expected * 10);
		part_span_add(&span, 10);
	}
	part_span_clear(&span);
	assert_int_equal(part_span_back(&span), 0);
	assert_int_equal(span.size, 2 * MIB);
}

static void a_group_ends_with_a_part_that_has_all_of_it(void **unused)
{
	(void)unused;
	struct part_span span = {.size = 1000};
	for (int i = 0; i < 17; i++) {
		assert_int_equal(part_span_back(&span), i == 15 ? 450 : 0);
		part_span_add(&span, 30);
	}
	/* 510 bytes in 17 parts: the next one has all of them, and a new group begins behind it. */
	assert_int_equal(part_span_back(&span), 510);
	part_span_add(&span, 30);
	assert_int_equal(span.len, 0);
	assert_int_equal(part_span_back(&span), 0);
	part_span_add(&span, 1001);
	assert_int_equal(span.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(few_parts_are_read),
	    cmocka_unit_test(powers_of_sixteen_repeat),
	    cmocka_unit_test(a_group_ends_with_a_part_that_has_all_of_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
