/* What the page shows: the repository as a survey finds it, and the checks of walship status. */
#ifndef WALSHIP_REPORT_FACTS_H
#define WALSHIP_REPORT_FACTS_H

#include "inventory/drill_record.h"
#include "inventory/survey.h"
#include "monitor/health.h"
#include "recovery/window_times.h"
#include "report/growth.h"
#include "verify/backup_verdict.h"

#define FACTS_DRILLS_MAX 20   /* likewise of its drills */
#define FACTS_BACKUPS_MAX 100 /* the newest backups of a cluster, which the page lists and judges one by one */

struct fact_window {
	struct coverage_window window;
	struct window_times times; /* of commits */
};

struct fact_cluster {
	struct coverage coverage;
	struct backup_list backups;
	size_t judged_from;              /* backups from here on have verdicts */
	struct backup_verdict *verdicts; /* of backups.items[judged_from + i]; owned */
	struct fact_window *windows;     /* owned */
	size_t window_count, window_capacity;
	struct growth growth;
	struct dump_list dumps;
	struct drill_names drills;
	size_t drills_from; /* drills from here on have records */
	struct drill_record
	    *records; /* of drills.items[drills_from + i]; owned. begun_s 0: the report cannot be opened */
};

struct facts {
	const char *repo; /* URL; the settings own it */
	int64_t now_s;
	struct fact_cluster *clusters; /* owned */
	size_t cluster_count, cluster_capacity;
	bool health_known; /* false: no_health says why */
	struct error no_health;
	struct health health;
	struct health_report health_report;
	uint64_t damaged, missing_keys; /* objects, as in struct survey */
};

struct facts_params {
	const struct repository_settings *settings;
	const struct health_settings *health;
	const struct call *call;
	struct progress *progress;
	uint64_t system_id; /* the only cluster; 0: all */
};

/*
 * Surveys the repository, judges the newest backups, reads the times of the first and last commits of each window, and
 * looks at this machine as walship status does. Where there is no server the checks are missing. Fails as a survey
 * does. The caller finishes *out whatever happens.
 */
enum status facts_gather(struct facts *out, const struct facts_params *params, struct error *err);

/* The verdict of a backup of the cluster; NULL when the backup was not judged. */
const struct backup_verdict *fact_verdict(const struct fact_cluster *cluster, size_t backup);

/* The newest drill; NULL if there is none. */
const struct drill_record *fact_newest_drill(const struct fact_cluster *cluster);

/* Leaves the zero state. */
void facts_fini(struct facts *facts);

#endif
