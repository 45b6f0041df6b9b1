/* A backup under way: shared by the files of walship backup. */
#ifndef WALSHIP_BACKUP_JOB_H
#define WALSHIP_BACKUP_JOB_H

#include "backup/backup.h"
#include "backup/content.h"
#include "catalog/backup_list.h"
#include "console/progress.h"

struct backup_job {
	const struct backup_settings *settings;
	const struct console *console;
	const struct call *call;
	struct repository repo;
	struct backup_server server;
	struct online_backup online;
	struct include include;
	struct backup_list list;
	const struct manifest *parent; /* in list; NULL: none */
	struct manifest manifest;
	int64_t begun_ms;
	int64_t checked_ms;   /* when the server was last seen to be alive */
	uint64_t total_bytes; /* to expect, for the progress; 0: not known */
	struct progress progress;
};

/*
 * Chooses the parent and the label, and creates the object `begun`, which says that the backup is under way and what it
 * needs.
 */
enum status job_announce(struct backup_job *job, struct error *err);

/* Whether files that look unchanged must be read all the same. */
bool job_must_read_all(const struct backup_job *job);

/* For struct content_settings: the progress on the terminal, and every now and then a look at the server. */
enum status job_tick(void *arg, const struct content_figures *figures, struct error *err);

/* The bytes of the files to come, for the progress, if it is shown. */
enum status job_measure(struct backup_job *job, const struct tree_options *tree, struct error *err);

/* Prints the finished backup. STATUS_DAMAGED for wrong pages. */
enum status job_report(struct backup_job *job, struct error *err);

#endif
