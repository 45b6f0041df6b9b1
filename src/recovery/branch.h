/* One line of timelines that a restore may follow: the backup to begin with, the WAL, and whether it has the target. */
#ifndef WALSHIP_RECOVERY_BRANCH_H
#define WALSHIP_RECOVERY_BRANCH_H

#include "catalog/backup_list.h"
#include "recovery/moment.h"

/* What a choice is made from. */
struct choose_params {
	const struct repository *repo;
	const struct call *call;
	const struct coverage *coverage; /* of the cluster's WAL, after coverage_end */
	const struct backup_list *backups;
	const struct target *target;
	const struct backup_label *label; /* the only backup to use; NULL: any */
	bool force;                       /* go on although WAL is missing, or the target is not in it */
	struct progress *progress;        /* may be NULL */
	const struct commit_notes *notes; /* may be NULL */
	uint64_t search_end;              /* the target is looked for in earlier segments alone; 0: in all */
};

struct branch {
	struct line line;
	/* NULL: no backup of the line ended before the target with all of its WAL. */
	const struct listed_backup *backup;
	const struct listed_backup *oldest; /* usable one of the line; NULL: there is none */
	const struct listed_backup *lacks;  /* the newest one that only lacks WAL between its start and its end */
	uint64_t first, reach;              /* segments from the backup's start; reach: the first one that is missing */
	bool gap;                           /* a later segment is there */
	bool has_moment;                    /* moment is valid: the target is a time, an LSN, a transaction or a name */
	struct moment moment;
	bool weak; /* the target's time lies before the timeline in which recovery stops had begun */
};

/* branch->line is set, the rest zero. Fills the rest. STATUS_DAMAGED when WAL cannot be read. */
enum status branch_examine(struct branch *branch, const struct choose_params *params, struct error *err);
void branch_fini(struct branch *branch);

/* Whether the backup is usable, and recovery along the branch passes it. */
bool branch_has(const struct branch *branch, const struct choose_params *params, const struct listed_backup *backup);

/* Whether recovery from the branch's backup meets the target. */
bool branch_reaches(const struct branch *branch);

/* The search of the moment from the branch's backup to the first missing segment. */
struct moment_search branch_search(const struct branch *branch, const struct choose_params *params);

/* Whether the backup ended before the target, as far as the backup itself tells. */
bool backup_ended_before(const struct listed_backup *backup, const struct target *target);

#endif
