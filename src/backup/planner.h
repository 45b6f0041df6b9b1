/* Makes batches of work from the walk over the data directory and from the parent's index. */
#ifndef WALSHIP_BACKUP_PLANNER_H
#define WALSHIP_BACKUP_PLANNER_H

#include "backup/batch.h"
#include "backup/past.h"

struct planner {
	/* Set by the owner. submit takes planner->batch, which is full, and puts an empty batch in its place. */
	enum status (*submit)(void *arg, struct error *err);
	void *arg;
	struct batch *batch;
	struct past *past;
	bool read_all; /* unchanged files too */
};

/* The function for tree_walk; arg is the planner. */
enum status planner_take(void *arg, const struct tree_entry *entry, struct error *err);

#endif
