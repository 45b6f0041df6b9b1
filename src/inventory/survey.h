/* What is in the repository, cluster by cluster: one listing, with the histories of timelines read. */
#ifndef WALSHIP_INVENTORY_SURVEY_H
#define WALSHIP_INVENTORY_SURVEY_H

#include "command/command.h"
#include "console/progress.h"
#include "repo/coverage.h"
#include "repo/repository.h"

#define SURVEY_SEGMENT_BYTES                                                                                           \
	(16 * 1024 * 1024) /* wal_segment_size where no segment could be opened: PostgreSQL's own */

/* One cluster, all of it listed. */
typedef enum status (*survey_fn)(void *arg, struct coverage *coverage, struct error *err);

struct survey {
	const struct repository_settings *settings;
	const struct call *call;
	const struct repository *repo; /* out: while it runs, for whoever reads objects */
	/* Each WAL file, before chain has it; may be NULL. chain->objects is 0 at a cluster's first. */
	enum status (*seen)(void *arg, const struct coverage *coverage, const struct wal_name *name,
			    const struct object_info *info, struct error *err);
	bool opens;                /* each of them is opened, so that what is damaged is found by that */
	struct progress *progress; /* may be NULL */
	uint64_t system_id;        /* of the one cluster that is wanted; 0: all */
	survey_fn each;
	void *arg;
	uint64_t objects, bytes; /* out: of all */
	uint64_t others;         /* out: objects that are no WAL files */
	/* out: histories, and segments asked for their size, that could not be opened; what is too short for any
	 * object, unless each is opened; the first of them are logged, and how many others there are */
	uint64_t damaged;
	uint64_t missing_keys; /* out: such that need a key that is not configured; logged as those */
};

/* STATUS_INCOMPLETE: there is no such cluster in the repository, or no WAL at all. */
enum status survey_nothing(const struct survey *survey, struct error *err);

/* Tells each cluster in the order of their names. Memory does not grow with the number of segments. */
enum status survey_run(struct survey *survey, struct error *err);

/* The operand of a command as a system identifier, 0 without one. STATUS_USAGE when it is none. */
enum status survey_operand(const struct command_context *context, uint64_t *system_id, struct error *err);

#endif
