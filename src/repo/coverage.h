/*
 * Which WAL of one cluster a repository holds, worked out from object names: the segments of each timeline, the missing
 * ranges, and the windows in which recovery is possible.
 *
 *     coverage_init(&coverage, system_id, segment_bytes);
 *     coverage_add(&coverage, ...);       for each object, in ascending order of names, as a store lists them
 *     coverage_history(&coverage, ...);   for each history file, at any time before coverage_end
 *     coverage_end(&coverage, ...);       makes gaps, needed_end and windows valid
 *
 * Memory is bounded by the number of timelines and by COVERAGE_GAPS_MAX ranges; further ranges are only counted. All
 * times are UTC and say when the store received the object.
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

/* A range of segments, counted from 0 at LSN 0/0, as wal_name_number does. */
struct coverage_gap {
	uint32_t timeline;
	bool needed;  /* false: on an abandoned branch, behind its last switch */
	bool lost;    /* stored but of no use for recovery: see coverage_mark_lost */
	bool minimal; /* of those: readable, but written with wal_level = minimal */
	uint64_t first, last;
	int64_t before_s, behind_s; /* times of the segments before and after the gap; 0: unknown, or no such segment */
};

/* Ranges of one timeline that are counted but not kept. */
struct coverage_unlisted {
	uint64_t ranges, segments;
	uint64_t first, end; /* all ranges lie within these segments */
};

struct coverage_timeline {
	uint32_t id;
	uint32_t parent;     /* 0: unknown */
	uint64_t switch_lsn; /* recovery follows the parent up to here */
	bool has_history;    /* the timeline's own history file is stored */
	/* The cluster went on with a child: behind the last switch to a child, nothing of this timeline is needed. */
	bool is_abandoned;
	bool set_aside;    /* see coverage_set_aside; after coverage_end: or an ancestor is */
	uint64_t segments; /* complete ones; 0: first and last are undefined */
	uint64_t first, last;
	int64_t first_s, last_s;
	uint64_t archived_first, archived_end; /* range of the segments marked as archived; archived_end 0: none */
	uint64_t segment_bytes_stored;
	uint64_t objects, bytes; /* of all kinds */
	int64_t oldest_s, newest_s;
	uint64_t partials, backups;
	uint64_t gaps, gap_segments;       /* missing ranges and their segments; after coverage_end only needed ones */
	uint64_t needed_end;               /* segments before this one are needed */
	int64_t reach_s;                   /* newest tip time of this timeline and its descendants */
	struct coverage_gap last_gap;      /* between the timeline's own segments; timeline 0: none */
	struct coverage_unlisted unlisted; /* missing ranges of this timeline that are not in coverage.gaps */
	bool has_unlisted;    /* a gap between its own segments, missing or lost, is not in coverage.gaps */
	uint64_t listed_end;  /* the first such gap begins here */
	uint32_t predecessor; /* after coverage_end: the timeline of the segment before its first; 0: none */
};

struct coverage {
	uint64_t system_id;
	uint32_t segment_bytes;
	struct coverage_timeline *timelines; /* ascending */
	size_t timeline_count, timeline_capacity;
	struct coverage_gap *gaps; /* after coverage_end: ascending by timeline and first segment, needed or not */
	size_t gap_count, gap_capacity;
	/*
	 * Ranges beyond COVERAGE_GAPS_MAX. After coverage_end: needed ranges, and ranges on abandoned branches. If a
	 * timeline's last switch lies among its unlisted ranges, all of them count as needed, because the ranges behind
	 * the switch can no longer be told apart.
	 */
	uint64_t gaps_unlisted, abandoned_unlisted;
	uint64_t objects;       /* all objects added */
	uint64_t invalid_names; /* names that do not fit segment_bytes */
	/* Timelines with WAL but without a history, above others with WAL: where they branched off is unknown. */
	uint64_t missing_histories;
	uint64_t minimal_ranges; /* needed ranges marked with coverage_mark_minimal */
};

/* segment_bytes: wal_segment_size, valid as wal_segment_size_is_valid says. */
void coverage_init(struct coverage *coverage, uint64_t system_id, uint32_t segment_bytes);

/* Frees the memory and leaves the zero state. */
void coverage_fini(struct coverage *coverage);

/* STATUS_CONFLICT when the name is out of order; STATUS_LOCAL for too many timelines or want of memory. */
enum status coverage_add(struct coverage *coverage, const struct wal_name *name, uint64_t bytes, int64_t modified_s,
			 struct error *err);

/* Marks the segment added last as archived: its storage class needs a restore before the segment can be read. */
void coverage_mark_archived(struct coverage *coverage, const struct wal_name *name);

/*
 * Takes the content of this timeline's history file, which also names the ancestors. STATUS_CONFLICT when the content
 * is not a timeline history.
 */
enum status coverage_history(struct coverage *coverage, uint32_t timeline, const char *text, size_t len,
			     struct error *err);

/*
 * Before coverage_end: marks a timeline as set aside (repo/set_aside.h). Nothing of it and of its descendants is needed
 * or in a window, and its parent is not abandoned because of it.
 */
void coverage_set_aside(struct coverage *coverage, uint32_t id);

/*
 * Call it when all objects are added: connects the timelines and finds what is missing where they meet.
 *
 * Needed is the WAL of each timeline from its branch point to its last switch to a child. The WAL behind the last
 * switch is needed too, unless the child's branch has something newer: then the cluster went on with the child, and
 * recovery never uses what an old primary archived behind the switch. Nothing counts as missing before the oldest
 * segment of the archive: that WAL precedes walship, or retention has removed it.
 */
enum status coverage_end(struct coverage *coverage, struct error *err);

/*
 * After coverage_end: a segment that counted as missing has been stored since the listing. False, and no change, when
 * the segment is in no listed gap, or would leave a gap between itself and the timeline's own segments: report the
 * segment beside them first.
 */
bool coverage_add_late(struct coverage *coverage, uint32_t id, uint64_t number, int64_t stored_s);

/*
 * After coverage_end: marks a stored segment as unreadable, which only reading finds. Windows end before it, and the
 * gaps show it as lost; the counts of missing segments do not change.
 */
enum status coverage_mark_lost(struct coverage *coverage, uint32_t id, uint64_t number, struct error *err);

/*
 * After coverage_end: marks the stored segments of a range as written with wal_level = minimal, which recovery refuses.
 * Only reading finds them. last may lie beyond the timeline's last segment.
 */
enum status coverage_mark_minimal(struct coverage *coverage, uint32_t id, uint64_t first, uint64_t last,
				  struct error *err);

/*
 * Asks when the segments next to lost ones were stored, for the times of windows: the newest segments first, at most
 * COVERAGE_TIMES_MAX. The callback returns false to stop the questions; it leaves *stored_s 0 for an unknown time.
 */
#define COVERAGE_TIMES_MAX 64
typedef bool (*coverage_time_fn)(void *arg, uint32_t timeline, uint64_t number, int64_t *stored_s);
void coverage_lost_times(struct coverage *coverage, coverage_time_fn ask, void *arg);

/* When the newest object was stored; 0 without objects. */
int64_t coverage_newest_s(const struct coverage *coverage);

/* NULL when nothing of the timeline is known. */
const struct coverage_timeline *coverage_timeline_of(const struct coverage *coverage, uint32_t id);

/*
 * After coverage_end: whether the segment is stored, in the timeline's own name. *end receives the first number behind
 * the segment that is not stored, or not known to be. Neither branches nor set_aside matter.
 */
bool coverage_run(const struct coverage *coverage, uint32_t timeline, uint64_t number, uint64_t *end);

/* The timeline's parent; NULL when it has none. */
const struct coverage_timeline *coverage_parent(const struct coverage *coverage,
						const struct coverage_timeline *timeline);

/* False when needed segments or timeline histories are missing. */
bool coverage_is_complete(const struct coverage *coverage);

/*
 * A range without a gap towards the end of a timeline, through its ancestors: a base backup that began in the window
 * can be recovered to any point from the backup's end to the window's end.
 */
struct coverage_window {
	uint32_t timeline;           /* to recover to */
	uint32_t first_timeline;     /* in the name of the first segment */
	uint32_t last_timeline;      /* in the name of the last: an ancestor's while the timeline has no segment */
	bool at_gap;                 /* a missing or lost segment follows; false: the timeline ends here */
	bool newest;                 /* the window ends with the WAL stored last */
	uint64_t first, last;        /* segments */
	int64_t first_s, last_s;     /* times of both; 0: unknown */
	uint64_t begin_lsn, end_lsn; /* the first byte that is stored, and the first byte after it that is not */
	/* Some segments up to this one need a restore before they can be read; archived_timeline 0: none does. */
	uint32_t archived_timeline;
	uint64_t archived_last;
};

/*
 * After coverage_end: reports all windows, by timeline and position. It reports nothing between gaps that are only
 * counted. The window of an abandoned timeline up to a switch is part of its child's window; behind the last switch
 * there is none.
 */
typedef enum status (*coverage_window_fn)(void *arg, const struct coverage_window *window, struct error *err);
enum status coverage_windows(const struct coverage *coverage, coverage_window_fn report, void *arg, struct error *err);

/*
 * PostgreSQL's default, recovery_target_timeline = latest, takes the last timeline of those whose numbers follow
 * without a gap and whose histories are there (findNewestTimeLine in timeline.c). It knows nothing of the WAL that it
 * leaves out.
 */
struct coverage_stray {
	uint32_t latest;     /* the timeline that it takes */
	uint32_t parent;     /* the ancestor of the newest WAL that this timeline left, */
	uint64_t switch_lsn; /* and where */
	uint32_t newest;     /* the timeline of the newest WAL */
	uint64_t last;       /* segment of that timeline: WAL up to it is left out */
};

/*
 * After coverage_end: the timeline that recovery to the latest takes, counted from that of the newest window; 0 without
 * a window. *out, valid when *strays is true: this timeline leaves out the newest WAL.
 */
uint32_t coverage_latest(const struct coverage *coverage, bool *strays, struct coverage_stray *out);

/* The window that ends with the WAL stored last, where the cluster is now. False when there is none. */
bool coverage_newest_window(const struct coverage *coverage, struct coverage_window *out);

#endif
