/* Timeline history files: the ancestors of a timeline and their switch points. */
#ifndef WALSHIP_PG_WAL_HISTORY_H
#define WALSHIP_PG_WAL_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "walship/error.h"

#define WAL_HISTORY_MAX (1024 * 1024) /* a line has about 50 bytes, and a cluster has a few promotions a year */

/*
 * Receives one line: timeline was followed up to switch_lsn, where the next line's timeline begins; after the last line
 * it is the file's own.
 */
typedef enum status (*wal_history_fn)(void *arg, uint32_t timeline, uint64_t switch_lsn, struct error *err);

/*
 * Parses the history file of this timeline and calls each for every line, oldest ancestor first. A line is "parent
 * timeline, switch point, reason" separated by tabs; '#' begins a comment (readTimeLineHistory in timeline.c).
 * STATUS_CONFLICT for content at which recovery would stop. A status other than STATUS_OK from each ends the parsing
 * and is returned.
 */
enum status wal_history_read(uint32_t timeline, const char *text, size_t len, wal_history_fn each, void *arg,
			     struct error *err);

#endif
