/* Reports of drills in a repository, as later commands need them: which there are, and their figures. */
#ifndef WALSHIP_INVENTORY_DRILL_RECORD_H
#define WALSHIP_INVENTORY_DRILL_RECORD_H

#include <stddef.h>

#include "base/buffer.h"
#include "catalog/drill_name.h"
#include "repo/repository.h"

#define DRILL_RECORD_BYTES_MAX (4UL * 1024 * 1024) /* a report has a few KiB, and the output of drill-sql */
#define DRILL_PROBLEM_MAX 512

struct drill_names {
	struct drill_name *items; /* owned; ascending by time */
	size_t count, capacity;
};

/* Lists the reports of a cluster. One request while there are fewer than a thousand. */
enum status drill_names_list(struct drill_names *out, const struct repository *repo, const struct call *call,
			     uint64_t system_id, struct error *err);
void drill_names_fini(struct drill_names *names);

struct drill_record {
	bool ok;         /* the verdict */
	int64_t begun_s; /* UTC */
	int64_t rpo_s; /* from the newest recovered transaction to the drill's beginning; -1: unknown, or to a target */
	double rto_s;  /* from the drill's beginning until the databases were open; below 0: they were not */
	double replay_s;                 /* of it, for the replay; below 0: unknown */
	char backup[BACKUP_LABEL_MAX];   /* "": none was chosen */
	char target[128];                /* for people */
	char problem[DRILL_PROBLEM_MAX]; /* the first finding; "": none */
};

/* Reads the report's JSON into *json, verified, and its figures. STATUS_DAMAGED: the object is no report. */
enum status drill_record_read(struct drill_record *out, struct buffer *json, const struct repository *repo,
			      const struct call *call, const struct drill_name *name, struct error *err);

#endif
