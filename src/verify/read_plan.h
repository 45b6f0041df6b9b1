/*
 * Which objects of a cluster verify --read reads: all that it does not remember, and of the segments that it does,
 * those beside one that it does not: the record that goes from one into the other needs both.
 */
#ifndef WALSHIP_VERIFY_READ_PLAN_H
#define WALSHIP_VERIFY_READ_PLAN_H

#include "pg/wal/name.h"
#include "verify/verified.h"

struct read_job {
	uint64_t number; /* from 1 on, without a gap */
	struct wal_name name;
	uint64_t bytes; /* of the object */
	bool follows;   /* the job before is the segment in front of this one */
};

struct read_plan {
	uint32_t segment_bytes;
	enum status (*read)(void *arg, const struct read_job *job, struct error *err);
	void *arg;
	uint64_t jobs;       /* told so far */
	uint64_t remembered; /* segments passed over */
	uint64_t unreadable; /* objects that cannot be read at once */
	/* The object before, if it was a segment. */
	struct read_job last;
	bool last_is_segment;
	bool last_is_told;
	bool last_is_new; /* not remembered */
};

/* The next object cannot be read: nothing is known of what goes on in it. */
void read_plan_pass(struct read_plan *plan);

/* The next object in the order of names; is_new: verified_has does not know it. Tells the jobs that this makes. */
enum status read_plan_add(struct read_plan *plan, const struct wal_name *name, uint64_t bytes, bool is_new,
			  struct error *err);

#endif
