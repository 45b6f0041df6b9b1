/*
 * The chain of one cluster's WAL, from the names of what is there: which segments of each timeline, which are missing,
 * and which stretch of it recovery can still go through.
 *
 *     coverage_init(&chain, system_id, segment_bytes);
 *     coverage_add(&chain, ...);       for each object, in ascending order of names, as a store lists them
 *     coverage_history(&chain, ...);   for each history file that was seen, at any time before the end
 *     coverage_end(&chain, ...);       from here on gaps, needed_end and windows are good
 *
 * Memory is bounded, whatever there is: by the number of timelines, and by COVERAGE_GAPS_MAX ranges; what more there
 * are is counted. Times are those of the objects: when they were stored, UTC.
 */
#ifndef WALSHIP_REPO_COVERAGE_H
#define WALSHIP_REPO_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pg/wal/name.h"
#include "walship/error.h"

#define COVERAGE_TIMELINES_MAX 4096 /* a promotion a day for ten years */
#define COVERAGE_GAPS_MAX 4096

/* Segments are counted from 0 at LSN 0/0, as wal_name_number does. */
struct coverage_gap {
	uint32_t timeline;
	bool needed; /* false: of a branch that was left, beyond its last switch */
	bool lost;   /* it is there, and cannot be opened: see coverage_lose */
	uint64_t first, last;
	int64_t before_s, behind_s; /* times of the segments before and behind it; 0: not known, or there is none */
};

/* Ranges that were only counted, of one timeline. */
struct coverage_untold {
	uint64_t ranges, segments;
	uint64_t first, end; /* they lie within these segments */
};

struct coverage_timeline {
	uint32_t id;
	uint32_t parent;     /* 0: not known */
	uint64_t switch_lsn; /* where it leaves its parent, which is followed up to there */
	bool has_history;    /* there is a history file of its own */
	bool is_left;      /* what came last went to a child's branch: beyond the last switch nothing of it is needed */
	uint64_t segments; /* whole ones; 0: first and last mean nothing */
	uint64_t first, last;
	int64_t first_s, last_s;
	uint64_t archived_first,
	    archived_end; /* the oldest and newest that coverage_archived told lie within; end 0: none */
	uint64_t segment_bytes_stored;
	uint64_t objects, bytes; /* of all kinds */
	int64_t oldest_s, newest_s;
	uint64_t partials, backups;
	uint64_t gaps, gap_segments;   /* missing ranges, and segments in them; once ended, the needed ones only */
	uint64_t needed_end;           /* needed are the segments before this one */
	int64_t reach_s;               /* when it, or what comes from it, came to where it is */
	struct coverage_gap last_gap;  /* among its own segments; timeline 0: none */
	struct coverage_untold untold; /* of its ranges those that are not in chain.gaps */
	bool has_untold;               /* some among its own segments are not, missing or lost: */
	uint64_t told_end;             /* the first of them begins here */
	uint32_t joins;                /* once ended: whose segment is before its first one; 0: none */
};

struct coverage {
	uint64_t system_id;
	uint32_t segment_bytes;
	struct coverage_timeline *timelines; /* ascending */
	size_t timeline_count, timeline_capacity;
	struct coverage_gap *gaps; /* once ended: ascending by timeline and place, needed or not */
	size_t gap_count, gap_capacity;
	/*
	 * Ranges beyond COVERAGE_GAPS_MAX; once ended, the needed ones, and those of branches that were left. Where the
	 * last switch lies among a timeline's, all of them count as needed: which is behind it is not known any more.
	 */
	uint64_t gaps_untold, left_untold;
	uint64_t objects;      /* all that were added */
	uint64_t strange;      /* names that no segment of this size has */
	uint64_t lost_origins; /* timelines with WAL and without a history, above others with WAL: how they join is not
				  known */
};

/* segment_bytes: wal_segment_size, as wal_segment_size_is_valid. */
void coverage_init(struct coverage *coverage, uint64_t system_id, uint32_t segment_bytes);

/* Frees what it holds and leaves the zero state. */
void coverage_fini(struct coverage *coverage);

/* STATUS_CONFLICT when the name is out of order, STATUS_LOCAL when there are too many timelines or memory is short. */
enum status coverage_add(struct coverage *coverage, const struct wal_name *name, uint64_t bytes, int64_t modified_s,
			 struct error *err);

/* The segment that was just added is where it must be restored from before it can be read. */
void coverage_archived(struct coverage *coverage, const struct wal_name *name);

/*
 * The content of this timeline's history file. Of ancestors without a file of their own it tells too. STATUS_CONFLICT
 * when it is none.
 */
enum status coverage_history(struct coverage *coverage, uint32_t timeline, const char *text, size_t len,
			     struct error *err);

/*
 * All has been added: joins the timelines, and finds what is missing where they meet.
 *
 * Needed is of each timeline what lies before a switch to a child, from where it left its parent; and the rest of it,
 * unless a child's branch has something newer: then the cluster has gone that way, and what an old primary
 * archived beyond the switch leads nowhere. Where a timeline begins the archive (nothing older is there), nothing
 * before its first segment is missing: it was archived before walship came, or its time was over.
 */
enum status coverage_end(struct coverage *coverage, struct error *err);

/*
 * Once ended: this segment is there and cannot be opened, as only reading finds. No window goes through it, and among
 * the gaps it is lost; nothing is counted as missing for it.
 */
enum status coverage_lose(struct coverage *coverage, uint32_t id, uint64_t number, struct error *err);

/*
 * When the segments beside lost ones were stored, for the windows: asked for the newest first, and at most
 * COVERAGE_TIMES_MAX times. False: it cannot be found out, and no more is asked. *stored_s 0: not known.
 */
#define COVERAGE_TIMES_MAX 64
typedef bool (*coverage_time_fn)(void *arg, uint32_t timeline, uint64_t number, int64_t *stored_s);
void coverage_lost_times(struct coverage *coverage, coverage_time_fn ask, void *arg);

/* Whether anything is missing that is needed: segments, or how timelines join. */
bool coverage_is_whole(const struct coverage *coverage);

/*
 * A stretch without a gap on the way to the end of a timeline, through its ancestors: a base backup that began in it
 * can be recovered to any point from its own end to this one's.
 */
struct coverage_window {
	uint32_t timeline;           /* to recover to */
	uint32_t first_timeline;     /* of its first segment, as it is named */
	uint32_t last_timeline;      /* of its last one: an ancestor's while the timeline has none */
	bool at_gap;                 /* what is behind it is missing or lost; false: it is the timeline's end */
	bool newest;                 /* it goes to what was stored last */
	uint64_t first, last;        /* segments */
	int64_t first_s, last_s;     /* when they were stored; 0: not known */
	uint64_t begin_lsn, end_lsn; /* the end is the first byte that is not there */
	/* Up to this segment, as it is named, some must be restored before they can be read; timeline 0: none. */
	uint32_t archived_timeline;
	uint64_t archived_last;
};

/*
 * Once ended: tells all of them, by timeline and place, so that those to a gap come before those behind it. Of what
 * lies between gaps that were only counted nothing is told. What a timeline that was left has before a switch belongs
 * to its child's; beyond the last one there is no window.
 */
typedef enum status (*coverage_window_fn)(void *arg, const struct coverage_window *window, struct error *err);
enum status coverage_windows(const struct coverage *coverage, coverage_window_fn tell, void *arg, struct error *err);

/* The window that ends with what was stored last: where the cluster is. False when there is none. */
bool coverage_newest_window(const struct coverage *coverage, struct coverage_window *out);

#endif
