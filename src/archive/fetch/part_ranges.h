/* The parts of a segment, from a listing: ranges of bytes that follow each other, overlap, or leave gaps. */
#ifndef WALSHIP_ARCHIVE_FETCH_PART_RANGES_H
#define WALSHIP_ARCHIVE_FETCH_PART_RANGES_H

#include <stddef.h>
#include <stdint.h>

#include "walship/error.h"

#define PART_RANGES_MAX 65536 /* 512 KiB; a synchronous stream can make more, which part_ranges_add reduces */

struct part_range {
	uint32_t first, end; /* end 0: damaged or missing */
};

/* The zero state is empty. */
struct part_ranges {
	struct part_range *items; /* ascending by first, then by end */
	size_t count, capacity;
};

void part_ranges_fini(struct part_ranges *ranges);

/*
 * Adds a range; the caller adds ranges in the order of names. When the array is full, ranges that lie within another
 * range are dropped. STATUS_LOCAL: out of memory, or too many ranges are left.
 */
enum status part_ranges_add(struct part_ranges *ranges, uint32_t first, uint32_t end, struct error *err);

/* The range that has the byte `at` and reaches furthest; NULL: no range has it. The caller may set its end to 0. */
struct part_range *part_ranges_next(const struct part_ranges *ranges, uint32_t at);

#endif
