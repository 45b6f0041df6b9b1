/*
 * Where one segment ends and the next begins, read side by side: the record that goes from one into the other is
 * checked by whoever comes second.
 */
#ifndef WALSHIP_COMMAND_JOINT_H
#define WALSHIP_COMMAND_JOINT_H

#include "verify/inspect.h"

struct joint {
	uint64_t number; /* of the job whose segment is the second; 0: free */
	bool has_tail, has_head;
	bool tail_good, head_good;
	struct records tail;
	uint8_t *head; /* owned: up to the first record that begins in it */
	size_t head_len;
};

struct joints {
	struct joint *items;
	size_t count; /* twice as many as jobs under way, and one: each has two ends */
};

enum status joints_init(struct joints *joints, size_t jobs, struct error *err);
void joints_fini(struct joints *joints);

enum joint_outcome {
	JOINT_NONE,    /* nothing goes from one to the other, or the other end is still to come */
	JOINT_GOOD,    /* a record was checked */
	JOINT_SKIPPED, /* a record goes over, and one of its parts is not at hand */
	JOINT_DAMAGED, /* err says what is wrong */
};

/*
 * The end of job number's segment, and its beginning. follows: it is the segment behind the one of the job before. What
 * is not good (inspected->is_segment) ends and begins nothing. Jobs are counted from 1; of each, both are called once.
 */
enum joint_outcome joints_end(struct joints *joints, uint64_t number, const struct inspected *inspected,
			      struct error *err);
enum joint_outcome joints_begin(struct joints *joints, uint64_t number, const struct inspected *inspected, bool follows,
				struct error *err);

#endif
