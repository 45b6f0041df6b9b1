/* What status knows of the schedule. The room schedule/ fills this: it sees monitor/, and not the other way round. */
#ifndef WALSHIP_MONITOR_HEALTH_SCHEDULE_H
#define WALSHIP_MONITOR_HEALTH_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "walship/error.h"

#define HEALTH_TASKS_MAX 8
#define HEALTH_TASK_ERROR_MAX 512

struct health_task {
	const char *name;
	int64_t succeeded_s;               /* begin of the last run that succeeded; 0: none */
	int64_t due_s;                     /* the first due time that no run has met; INT64_MAX: never */
	int64_t late_s;                    /* from then on the task is late */
	unsigned failures;                 /* in a row */
	char error[HEALTH_TASK_ERROR_MAX]; /* of the last one */
};

struct health_schedule {
	bool scheduled;       /* an option schedules a task; else nothing below counts */
	struct error trouble; /* text "": none. The schedule cannot be understood, so nothing runs */
	bool elsewhere;       /* this server is one on which the schedule does not run */
	bool known;           /* the spool has a note of the schedule: something has run it */
	struct health_task tasks[HEALTH_TASKS_MAX];
	size_t count;
};

#endif
