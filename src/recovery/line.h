/*
 * A timeline's line of descent: which timeline recovery follows at each LSN (readTimeLineHistory and
 * tliOfPointInHistory in timeline.c), and in which segments it finds the WAL.
 */
#ifndef WALSHIP_RECOVERY_LINE_H
#define WALSHIP_RECOVERY_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "repo/coverage.h"

struct line_part {
	uint32_t timeline;
	uint64_t begin_lsn, end_lsn; /* begin_lsn is 0 for the oldest part; end_lsn UINT64_MAX for the last */
};

struct line {
	uint32_t timeline;       /* the line's own, which is its last part */
	struct line_part *parts; /* from the oldest to the newest */
	size_t count, capacity;
};

/* From the histories that the coverage knows. STATUS_DAMAGED when they go in a circle. line_fini whatever happens. */
enum status line_of(struct line *out, const struct coverage *coverage, uint32_t timeline, struct error *err);
void line_fini(struct line *line);

/* Whether recovery along the line passes this position of this timeline. */
bool line_passes(const struct line *line, uint32_t timeline, uint64_t lsn);

/* The timeline of the byte at lsn. */
uint32_t line_at(const struct line *line, uint64_t lsn);

/* Up to which LSN two lines are the same; UINT64_MAX when one is the other's beginning or they are the same line. */
uint64_t line_shared(const struct line *one, const struct line *other);

/*
 * The timeline in whose name recovery finds this segment: the newest of the line that had begun by the segment's end
 * and has it in the archive (XLogFileReadAnyTLI in xlogrecovery.c); 0: none has it. *end: the first number behind the
 * segment that is to be looked at again.
 */
uint32_t line_segment(const struct line *line, const struct coverage *coverage, uint64_t number, uint64_t *end);

/* The first segment from number on that recovery does not find. */
uint64_t line_reach(const struct line *line, const struct coverage *coverage, uint64_t number);

/* Whether a later segment of the line is stored: the WAL does not end there, but has a gap. */
bool line_goes_on(const struct line *line, const struct coverage *coverage, uint64_t number);

#endif
