/* Chooses the backup and the timeline of a restore, and checks that the archive has the WAL up to the target. */
#ifndef WALSHIP_RECOVERY_CHOOSE_H
#define WALSHIP_RECOVERY_CHOOSE_H

#include "recovery/branch.h"

#define CHOICE_TEXT_MAX 320

struct choice {
	struct branch branch;     /* backup, timelines, segments and, where it was looked for, the target's place */
	uint64_t replay_segments; /* that recovery reads */
	char backup_reason[CHOICE_TEXT_MAX];   /* why this backup */
	char timeline_reason[CHOICE_TEXT_MAX]; /* why this timeline; "": there is no other branch */
	char warning[CHOICE_TEXT_MAX];         /* with force: what would have stopped the restore; else "" */
	bool several;                          /* STATUS_USAGE because more than one timeline has the target */
	uint64_t read_segments, read_bytes;    /* of WAL, to find the target */
};

/*
 * Fills *out, which the caller finishes whatever happens, and which must not move in memory.
 *
 * The backup is the newest one that ended before the target, on the line of the timeline to follow; the timeline is the
 * one that is asked for, else the one that has the target. STATUS_USAGE: no backup ended before the target, two
 * timelines have the target, or the label or the timeline that is asked for does not exist. STATUS_INCOMPLETE: there is
 * no backup, or WAL is missing, or the archive ends before the target; force turns the last two into a warning.
 * STATUS_INCOMPLETE also if a timeline may have the target behind params->search_end.
 */
enum status choose(struct choice *out, const struct choose_params *params, struct error *err);
void choice_fini(struct choice *choice);

#endif
