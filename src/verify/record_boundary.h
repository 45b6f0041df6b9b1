/*
 * Checks records that cross from one segment into the next. Threads read segments in any order: the thread that
 * finishes second checks the record.
 */
#ifndef WALSHIP_VERIFY_RECORD_BOUNDARY_H
#define WALSHIP_VERIFY_RECORD_BOUNDARY_H

#include "verify/inspect.h"

struct record_boundary {
	uint64_t number; /* of the job that reads the second segment; 0: the slot is free */
	bool has_tail, has_head;
	bool tail_good, head_good;
	struct records tail;
	uint8_t *head; /* owned: the second segment up to the first record that begins there */
	size_t head_len;
};

struct record_boundaries {
	struct record_boundary *items;
	size_t count;                /* 2 * jobs + 1: each job under way has two boundaries */
	struct wal_level_seen level; /* after RECORD_BOUNDARY_GOOD: of the first segment and the record that crosses */
	/* After each call: both segments were available, with the record that crosses, if one does. */
	bool joined;
	int64_t crossing_us; /* then: the time of that record; 0: it is no commit or abort */
};

/* jobs: how many are under way at the same time. */
enum status record_boundaries_init(struct record_boundaries *boundaries, size_t jobs, struct error *err);
void record_boundaries_fini(struct record_boundaries *boundaries);

enum record_boundary_outcome {
	RECORD_BOUNDARY_NONE,    /* no record crosses, or the other segment is not read yet */
	RECORD_BOUNDARY_GOOD,    /* a record crosses and is good */
	RECORD_BOUNDARY_SKIPPED, /* a record crosses, and one of its parts is not available */
	RECORD_BOUNDARY_DAMAGED, /* err says what is wrong */
};

/*
 * Take the end and the beginning of the segment of job number. follows: the segment follows that of the previous job.
 * An object that is not a good segment (inspected->is_segment) has no boundaries. Jobs are numbered from 1; the caller
 * calls both functions once for each job.
 */
enum record_boundary_outcome record_boundaries_end(struct record_boundaries *boundaries, uint64_t number,
						   const struct inspected *inspected, struct error *err);
enum record_boundary_outcome record_boundaries_begin(struct record_boundaries *boundaries, uint64_t number,
						     const struct inspected *inspected, bool follows,
						     struct error *err);

#endif
