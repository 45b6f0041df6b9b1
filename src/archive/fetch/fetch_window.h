/*
 * The segments to fetch ahead of recovery, and those that recovery will not ask for any more: bookkeeping only. The
 * owner holds the lock, fetches, and stores the files.
 */
#ifndef WALSHIP_ARCHIVE_FETCH_FETCH_WINDOW_H
#define WALSHIP_ARCHIVE_FETCH_FETCH_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pg/wal/name.h"

#define FETCH_WINDOW_SLOTS 64 /* segments in the spool or being fetched */
/*
 * Concurrent fetches, so that round trips overlap. Each holds the body of a frame until its tag is verified: a fourth
 * takes 0.4 to 0.9 MB and fetches no faster from a store with a round trip of 30 ms.
 */
#define FETCH_WINDOW_SIDE_BY_SIDE 3

enum fetch_slot_state {
	FETCH_SLOT_FREE,
	FETCH_SLOT_COMING,
	FETCH_SLOT_THERE,
	FETCH_SLOT_DROPPED, /* being fetched, but not wanted any more */
};

struct fetch_slot {
	enum fetch_slot_state state;
	struct wal_name name;
};

struct fetch_window {
	/* Set by the owner. */
	uint64_t bytes_max; /* of all segments in the spool or being fetched */
	size_t more_max;    /* concurrent fetches beyond the first: at most FETCH_WINDOW_SIDE_BY_SIDE - 1 */
	void (*forget)(void *arg, const char *name); /* removes a segment from the spool */
	void *arg;
	/* The window's own. */
	struct fetch_slot slots[FETCH_WINDOW_SLOTS];
	size_t used;   /* slots that are not FREE */
	size_t coming; /* of them, COMING or DROPPED */
	size_t more;   /* concurrent fetches beyond the first now: 0 until a fetch succeeds */
	bool held;     /* the store has no more segments, or does not answer: wait until recovery proceeds */
	struct wal_name next;
	uint64_t segment_bytes; /* 0: not known until recovery has got a segment */
};

enum fetch_outcome {
	FETCH_QUICK,
	FETCH_SLOW, /* fetched, but two at once might time out */
	FETCH_FAILED,
};

/* Whether the next segment may be begun now. */
bool fetch_window_is_open(const struct fetch_window *window);

/* The next segment, now COMING; NULL when none may be begun. The caller hands it back to fetch_window_finish. */
struct fetch_slot *fetch_window_begin(struct fetch_window *window);

/* False: the slot is free, and the caller removes the file. */
bool fetch_window_finish(struct fetch_window *window, struct fetch_slot *slot, enum fetch_outcome outcome);

/*
 * Recovery has got this segment, of this size, and will ask for the segments after it only. False, and no change, when
 * the size is not valid.
 */
bool fetch_window_move_on(struct fetch_window *window, const struct wal_name *got, uint64_t segment_bytes);

#endif
