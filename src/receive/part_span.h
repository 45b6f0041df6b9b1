/*
 * How many earlier bytes a part repeats. Recovery reads the parts of a segment one after another, and a server that
 * writes little makes tens of thousands of parts. So every 16th part repeats the 15 parts before it, every 256th the
 * 255 before it, and so on. Recovery takes the parts that reach furthest: at most about 15 of each size. The repetition
 * costs no request. It stores each byte once more for each size, which matters for small parts only.
 */
#ifndef WALSHIP_RECEIVE_PART_SPAN_H
#define WALSHIP_RECEIVE_PART_SPAN_H

#include <stddef.h>

#define PART_SPAN_RUN 16   /* parts */
#define PART_SPAN_LEVELS 5 /* 16^5 parts of 24 bytes, the shortest record, exceed any group */

/*
 * A group: contiguous bytes of one segment, stored in parts that may repeat earlier bytes of the group. The owner sets
 * size and keeps the bytes. A struct whose other members are zero begins a group.
 */
struct part_span {
	size_t size; /* the most bytes of a group that may be repeated */
	size_t len;  /* bytes of the group so far */
	size_t parts;
	size_t begins[PART_SPAN_LEVELS]; /* offsets in the group: where the last run of 16, 256, ... parts began */
};

/* How many earlier bytes the next part repeats: at most len. */
size_t part_span_back(const struct part_span *span);

/*
 * Adds a part that repeats part_span_back bytes; own: the number of its new bytes. Afterwards len is 0 if a new group
 * begins behind the part. Otherwise len has grown by own, and the owner keeps the new bytes.
 */
void part_span_add(struct part_span *span, size_t own);

/* The next part does not follow the last one, or lies in another segment: a new group begins. */
void part_span_clear(struct part_span *span);

#endif
