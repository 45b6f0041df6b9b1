/* The parts of a segment, as a listing tells them: ranges of bytes that follow each other, overlap, or leave gaps. */
#ifndef WALSHIP_ARCHIVE_FETCH_PART_RANGES_H
#define WALSHIP_ARCHIVE_FETCH_PART_RANGES_H

#include <stddef.h>
#include <stdint.h>

#include "walship/error.h"

#define PART_RANGES_MAX 65536 /* 512 KiB; more are in a segment that a synchronous stream filled with small commits */

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
 * Adds the next one in the order of names. Where there are too many, those of which another one has all bytes are
 * forgotten. STATUS_LOCAL: out of memory, or too many that no other one has.
 */
enum status part_ranges_add(struct part_ranges *ranges, uint32_t first, uint32_t end, struct error *err);

/* The one that has this byte and reaches furthest; NULL: there is none. The caller may set its end to 0. */
struct part_range *part_ranges_next(const struct part_ranges *ranges, uint32_t at);

#endif
