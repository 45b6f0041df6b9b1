/* walship run-due and walship schedule: runs the tasks that are due. */
#ifndef WALSHIP_SCHEDULE_SCHEDULE_H
#define WALSHIP_SCHEDULE_SCHEDULE_H

#include "console/console.h"
#include "monitor/notify.h"
#include "repo/cluster_id.h"
#include "repo/settings.h"
#include "schedule/agenda.h"

enum schedule_on { SCHEDULE_ON_PRIMARY, SCHEDULE_ON_STANDBY, SCHEDULE_ON_ANY };

struct schedule_settings {
	const struct repository_settings *repository;
	struct cluster_hint cluster;
	const char *spool;
	const char *times[TASK_COUNT]; /* in cron's syntax; NULL: not scheduled */
	const char *timezone;          /* an IANA name; NULL: UTC */
	enum schedule_on on;
	const char *self; /* for program_run: this program with its options; a task's command follows */
	const char *const *environment;
	struct notify_settings notify; /* for runs that fail; needs the server's data directory */
	const char *notify_socket;     /* of sd_notify(3); NULL: none */
	const char *const *heartbeats; /* as for heartbeat_send */
	size_t heartbeat_count;
	bool reports; /* after runs, walship report writes report-file */
	const struct console *console;
	const struct call *call;
	bool json;
};

/*
 * Runs what is due now, one after another, and prints a line for each run. STATUS_EXISTS: another process does. With
 * an empty error: the status of the first task that failed, which is in the log. The process's time zone becomes the
 * schedule's, here and below.
 */
enum status schedule_run_due(const struct schedule_settings *settings, struct error *err);

/* Goes on for ever; the outcome of each run is printed. */
enum status schedule_run(const struct schedule_settings *settings, struct error *err);

#define SCHEDULE_LISTED 5

/* Prints the next times of each task. */
enum status schedule_list(const struct schedule_settings *settings, struct error *err);

#endif
