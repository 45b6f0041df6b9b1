/*
 * Which segments have WAL that was written with wal_level = minimal. Only the records where wal_level changes say so:
 * the segments between two of them have none. Segments come in any order. Not safe for concurrent use.
 */
#ifndef WALSHIP_VERIFY_LEVEL_CHANGES_H
#define WALSHIP_VERIFY_LEVEL_CHANGES_H

#include "pg/wal/wal_level.h"
#include "walship/error.h"

#define LEVEL_CHANGES_MAX 65536 /* a restart with other parameters each hour for seven years */

struct level_change {
	uint32_t timeline;
	uint64_t number; /* of the segment in which the record begins */
	struct wal_level_seen seen;
};

struct level_changes {
	struct level_change *items; /* ascending */
	size_t count, capacity;
};

/* Notes the changes in a segment; a later note of the same segment replaces the earlier one. */
enum status level_changes_note(struct level_changes *changes, const struct level_change *change, struct error *err);
void level_changes_fini(struct level_changes *changes);

/* A range of segments with minimal WAL; last is UINT64_MAX when wal_level did not rise again. */
struct level_range {
	uint32_t timeline;
	uint64_t first, last;
};

/* Reports each range, and each segment with changes that is in no range. Either function may return an error. */
struct level_report {
	enum status (*range)(void *arg, const struct level_range *range, struct error *err);
	enum status (*other)(void *arg, uint32_t timeline, uint64_t number, struct error *err);
	void *arg;
};
enum status level_changes_report(const struct level_changes *changes, const struct level_report *report,
				 struct error *err);

#endif
