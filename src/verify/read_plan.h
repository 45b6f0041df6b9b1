/*
 * Plans which objects of a cluster verify --read reads: every object without a note that it was good, and also a noted
 * segment next to one without a note, because the record that crosses the boundary needs both.
 */
#ifndef WALSHIP_VERIFY_READ_PLAN_H
#define WALSHIP_VERIFY_READ_PLAN_H

#include "pg/wal/name.h"
#include "verify/verified.h"

struct read_job {
	uint64_t number; /* 1, 2, 3 ... */
	struct wal_name name;
	uint64_t bytes; /* size of the object */
	bool follows;   /* the previous job is the preceding segment */
};

struct read_plan {
	uint32_t segment_bytes;
	enum status (*read)(void *arg, const struct read_job *job, struct error *err);
	void *arg;
	uint64_t jobs;       /* passed to read so far */
	uint64_t remembered; /* noted segments that are not read */
	uint64_t unreadable; /* objects in an archive storage class */
	/* The previous object, if it was a segment. */
	struct read_job last;
	bool last_is_segment;
	bool last_is_planned;
	bool last_is_new; /* it has no note */
};

/* Skips the next object, which is in an archive storage class: it has no boundary to check. */
void read_plan_pass(struct read_plan *plan);

/* Adds the next object in the order of names. is_new: it has no note. Calls read for each resulting job. */
enum status read_plan_add(struct read_plan *plan, const struct wal_name *name, uint64_t bytes, bool is_new,
			  struct error *err);

#endif
