/*
 * Surveys the WAL and the base backups of a repository, cluster by cluster: lists it once, and reads the timeline
 * histories and the manifests.
 */
#ifndef WALSHIP_INVENTORY_SURVEY_H
#define WALSHIP_INVENTORY_SURVEY_H

#include "catalog/backup_list.h"
#include "catalog/dump_list.h"
#include "console/progress.h"
#include "repo/coverage.h"
#include "repo/repository.h"

#define SURVEY_SEGMENT_BYTES                                                                                           \
	(16 * 1024 * 1024) /* PostgreSQL's default wal_segment_size: assumed when no segment can be opened */

/*
 * Called for each cluster when its listing is complete; coverage_end has been called. A cluster may have base backups
 * or dumps and no WAL: then coverage->objects is 0. The callback may move both away, and leave their zero states.
 */
typedef enum status (*survey_fn)(void *arg, struct coverage *coverage, struct backup_list *backups, struct error *err);

struct survey {
	const struct repository_settings *settings;
	const struct call *call;
	const struct repository *repo; /* out, while the survey runs: for callbacks that read objects */
	/* May be NULL. Called for each WAL file before coverage_add: coverage->objects is 0 for the first one. */
	enum status (*seen)(void *arg, const struct coverage *coverage, const struct wal_name *name,
			    const struct object_info *info, struct error *err);
	/* May be NULL. Called for each object of a base backup. */
	enum status (*seen_backup)(void *arg, const struct backup_object *object, const struct object_info *info,
				   struct error *err);
	bool opens;                /* the caller opens every object, and so finds the damaged ones itself */
	bool all_timelines;        /* timelines that are set aside count as the others do */
	bool looks_for_copies;     /* a history or manifest that is listed as archived may have a copy: HEAD tells */
	struct progress *progress; /* may be NULL */
	uint64_t system_id;        /* the only cluster to survey; 0: all clusters */
	survey_fn each;
	void *arg;
	uint64_t objects, bytes; /* out: all of the listing */
	struct dump_list dumps;  /* out, while each runs: of the cluster */
	uint64_t others;         /* out: objects that are not walship's */
	/*
	 * out: unreadable objects. The survey opens histories, and segments to learn wal_segment_size. Objects too
	 * short to be complete count too, unless opens is set. The first are logged one by one, the others as a count.
	 */
	uint64_t damaged;
	uint64_t missing_keys; /* out: objects that need a key that is not configured; logged likewise */
};

/* Sets the error for a repository without WAL, or without WAL of the cluster. Always STATUS_INCOMPLETE. */
enum status survey_nothing(const struct survey *survey, struct error *err);

/* Reports the clusters in the order of their names. Memory does not grow with the number of segments. */
enum status survey_run(struct survey *survey, struct error *err);

/* Reads the system identifier of the cluster to survey; 0 for NULL. STATUS_USAGE when text is not one. */
enum status survey_system_id(const char *text, uint64_t *system_id, struct error *err);

#endif
