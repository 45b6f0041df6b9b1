/*
 * Where one segment ends and the next begins, read side by side: the record that goes from one into the other is
 * checked by whoever comes second.
 */
#ifndef WALSHIP_VERIFY_RECORD_BOUNDARY_H
#define WALSHIP_VERIFY_RECORD_BOUNDARY_H

#include "verify/inspect.h"

struct record_boundary {
	uint64_t number; /* of the job whose segment is the second; 0: free */
	bool has_tail, has_head;
	bool tail_good, head_good;
	struct records tail;
	uint8_t *head; /* owned: up to the first record that begins in it */
	size_t head_len;
};

struct record_boundaries {
	struct record_boundary *items;
	size_t count; /* twice as many as jobs under way, and one: each has two ends */
};

enum status record_boundaries_init(struct record_boundaries *boundaries, size_t jobs, struct error *err);
void record_boundaries_fini(struct record_boundaries *boundaries);

enum record_boundary_outcome {
	RECORD_BOUNDARY_NONE,    /* nothing goes from one to the other, or the other end is still to come */
	RECORD_BOUNDARY_GOOD,    /* a record was checked */
	RECORD_BOUNDARY_SKIPPED, /* a record goes over, and one of its parts is not at hand */
	RECORD_BOUNDARY_DAMAGED, /* err says what is wrong */
};

/*
 * The end of job number's segment, and its beginning. follows: it is the segment behind the one of the job before. What
 * is not good (inspected->is_segment) ends and begins nothing. Jobs are counted from 1; of each, both are called once.
 */
enum record_boundary_outcome record_boundaries_end(struct record_boundaries *boundaries, uint64_t number,
						   const struct inspected *inspected, struct error *err);
enum record_boundary_outcome record_boundaries_begin(struct record_boundaries *boundaries, uint64_t number,
						     const struct inspected *inspected, bool follows,
						     struct error *err);

#endif
