/*
 * Which segments are fetched ahead of recovery, and which nobody will ask for any more: the bookkeeping alone. Its
 * owner guards it, fetches, and has the files.
 */
#ifndef WALSHIP_ARCHIVE_FETCH_FETCH_WINDOW_H
#define WALSHIP_ARCHIVE_FETCH_FETCH_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pg/wal/name.h"

#define FETCH_WINDOW_SLOTS 64       /* segments in the spool and on their way */
#define FETCH_WINDOW_SIDE_BY_SIDE 4 /* round trips are waited for side by side */

enum fetch_slot_state {
	FETCH_SLOT_FREE,
	FETCH_SLOT_COMING,
	FETCH_SLOT_THERE,
	FETCH_SLOT_DROPPED, /* on its way, and nobody wants it any more */
};

struct fetch_slot {
	enum fetch_slot_state state;
	struct wal_name name;
};

struct fetch_window {
	/* Set by the owner. */
	uint64_t bytes_max; /* all segments together, there and on their way */
	size_t more_max;    /* so many fetches side by side beyond the first; FETCH_WINDOW_SIDE_BY_SIDE - 1 at most */
	void (*forget)(void *arg, const char *name); /* a segment that is there goes */
	void *arg;
	/* The window's own. */
	struct fetch_slot slots[FETCH_WINDOW_SLOTS];
	size_t used;   /* slots that are not FREE */
	size_t coming; /* of them, COMING or DROPPED */
	size_t more;   /* so many side by side beyond the first: none, until there is something to be had */
	bool held;     /* the store has no more, or gave no answer: until recovery gets on */
	struct wal_name next;
	uint64_t segment_bytes; /* 0: nothing was heard of recovery yet */
};

enum fetch_outcome {
	FETCH_QUICK,
	FETCH_SLOW, /* got, but two at once might not be in time */
	FETCH_FAILED,
};

/* Whether the next segment may be begun now. */
bool fetch_window_is_open(const struct fetch_window *window);

/* The next segment, COMING from now on; NULL when none may be begun. To be handed back to fetch_window_finish. */
struct fetch_slot *fetch_window_begin(struct fetch_window *window);

/* Whether the segment stays: false, the slot is free and its file has to go. */
bool fetch_window_finish(struct fetch_window *window, struct fetch_slot *slot, enum fetch_outcome outcome);

/*
 * Recovery has got this segment, of this size: it will ask for those behind it, and for nothing else that is here.
 * False, and nothing is changed, when that is no size of a segment.
 */
bool fetch_window_move_on(struct fetch_window *window, const struct wal_name *got, uint64_t segment_bytes);

#endif
