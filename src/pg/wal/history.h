/* A timeline's history file: which timelines it comes from, and where it left each of them. */
#ifndef WALSHIP_PG_WAL_HISTORY_H
#define WALSHIP_PG_WAL_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "walship/error.h"

#define WAL_HISTORY_MAX (1024 * 1024) /* a line has about 50 bytes, and a cluster some promotions a year */

/* One line: timeline was followed up to switch_lsn, where the next line's timeline begins; the last line's child is the
 * file's own. */
typedef enum status (*wal_history_fn)(void *arg, uint32_t timeline, uint64_t switch_lsn, struct error *err);

/*
 * Tells each line of the history file of this timeline, the oldest ancestor's first: "parent timeline, switch point,
 * reason" with tabs between them; '#' begins a comment (readTimeLineHistory in timeline.c, which would stop recovery at
 * what is STATUS_CONFLICT here). each may end it with its own status.
 */
enum status wal_history_read(uint32_t timeline, const char *text, size_t len, wal_history_fn each, void *arg,
			     struct error *err);

#endif
