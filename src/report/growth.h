/* How much a repository has grown, day by day. */
#ifndef WALSHIP_REPORT_GROWTH_H
#define WALSHIP_REPORT_GROWTH_H

#include <stddef.h>
#include <stdint.h>

#define GROWTH_DAYS 60 /* that the page shows */

enum growth_kind { GROWTH_WAL, GROWTH_BACKUP, GROWTH_KIND_COUNT };

/* Bytes of the objects that are there, by the day (UTC) on which they were stored. */
struct growth {
	int64_t today; /* days since 1970 */
	uint64_t bytes[GROWTH_KIND_COUNT][GROWTH_DAYS];
	uint64_t total[GROWTH_KIND_COUNT];   /* older objects too */
	uint64_t objects[GROWTH_KIND_COUNT]; /* likewise */
};

void growth_begin(struct growth *growth, int64_t now_s);

/* Notes one object. An object from the future counts as stored today. */
void growth_add(struct growth *growth, enum growth_kind kind, uint64_t bytes, int64_t stored_s);

/* Of both kinds, back: 0 for today, 1 for yesterday, below GROWTH_DAYS. */
uint64_t growth_of_day(const struct growth *growth, size_t back);

/* The mean of up to seven whole days before today, from the first day with an object on. 0 without such a day. */
uint64_t growth_per_day(const struct growth *growth);

#endif
