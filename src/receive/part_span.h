/*
 * How many earlier bytes a part repeats. Recovery reads the parts of a segment one after another, and a server that
 * writes little makes tens of thousands of them. So every 16th part repeats the 15 parts before it, every 256th the 255
 * before it, and so on. Recovery takes the parts that reach furthest: some 15 of each size at most, and few in all.
 * This costs no request; each byte is stored once more for each size, which counts for small parts only.
 */
#ifndef WALSHIP_RECEIVE_PART_SPAN_H
#define WALSHIP_RECEIVE_PART_SPAN_H

#include <stddef.h>

#define PART_SPAN_RUN 16   /* parts */
#define PART_SPAN_LEVELS 5 /* 16^5 parts of 24 bytes, the least that a record has, are more than any group */

/*
 * A group: bytes that follow each other in one segment, stored in parts of which each may repeat bytes of the group.
 * The owner sets size and keeps the bytes; all else zero begins a group.
 */
struct part_span {
	size_t size; /* the most bytes of a group that may be repeated */
	size_t len;  /* bytes of the group so far */
	size_t parts;
	size_t begins[PART_SPAN_LEVELS]; /* offsets in the group: where the last run of 16, 256, ... parts began */
};

/* How many bytes before its own ones the next part repeats: at most len. */
size_t part_span_back(const struct part_span *span);

/*
 * The part that repeats part_span_back bytes has so many bytes of its own. Afterwards len is 0 if a new group begins
 * behind the part; otherwise it has grown by them, and the owner keeps them.
 */
void part_span_add(struct part_span *span, size_t own);

/* The next part does not follow the last one, or lies in another segment: a new group begins. */
void part_span_clear(struct part_span *span);

#endif
