#include "receive/part_span.h"

#include <stdbool.h>

size_t part_span_back(const struct part_span *span)
{
	size_t number = span->parts + 1, begin = span->len;
	/* The last part of a group of many parts repeats the whole group. */
	if (number >= PART_SPAN_RUN && span->len >= span->size / 2)
		return span->len;
	for (size_t level = 0, run = PART_SPAN_RUN; level < PART_SPAN_LEVELS && number % run == 0; level++) {
		begin = span->begins[level];
		run *= PART_SPAN_RUN;
	}
	return span->len - begin;
}

void part_span_add(struct part_span *span, size_t own)
{
	bool repeats_all = span->len > 0 && part_span_back(span) == span->len;
	span->len += own;
	span->parts++;
	if (span->len > span->size || (repeats_all && span->len >= span->size / 2)) {
		part_span_clear(span);
		return;
	}
	for (size_t level = 0, run = PART_SPAN_RUN; level < PART_SPAN_LEVELS && span->parts % run == 0; level++) {
		span->begins[level] = span->len;
		run *= PART_SPAN_RUN;
	}
}

void part_span_clear(struct part_span *span)
{
	*span = (struct part_span){.size = span->size};
}
