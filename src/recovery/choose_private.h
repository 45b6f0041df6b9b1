/* Shared by the choose*.c files. */
#ifndef WALSHIP_RECOVERY_CHOOSE_PRIVATE_H
#define WALSHIP_RECOVERY_CHOOSE_PRIVATE_H

#include "recovery/choose.h"

/* The lines that a restore may follow, examined. */
struct branches {
	struct branch *items;
	size_t count, capacity;
};

/* Fills *out with the lines that the target allows. branches_fini whatever happens. */
enum status branches_find(struct branches *out, const struct choose_params *params, struct error *err);
void branches_fini(struct branches *branches);

/* Whether the timeline has WAL, or a history, of its own: a timeline whose WAL a child has too is no branch. */
bool branches_has(const struct coverage *coverage, const struct coverage_timeline *timeline);

/* Says why no branch leads to the target. */
enum status refuse_all(const struct branches *branches, const struct choose_params *params, struct error *err);

/*
 * Says what the WAL of a branch lacks, whose backup is there: a gap, or the target. Never STATUS_OK.
 */
enum status refuse_branch(const struct branch *branch, const struct choose_params *params, struct error *err);

#endif
