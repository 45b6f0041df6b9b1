/* The schedule for walship status: which tasks are late, and how old backups may be. */
#ifndef WALSHIP_SCHEDULE_SCHEDULE_HEALTH_H
#define WALSHIP_SCHEDULE_SCHEDULE_HEALTH_H

#include "monitor/health_schedule.h"
#include "monitor/thresholds.h"
#include "schedule/schedule.h"

/* Reads the note in the spool, without a look at the repository. */
void schedule_look(struct health_schedule *out, const struct schedule_settings *settings);

/*
 * From when on a task that was due at due_s is late: after a tenth of the time to the next due time, and ten minutes.
 * INT64_MAX: never.
 */
int64_t schedule_late_s(const struct cron *cron, int64_t due_s);

/*
 * The age that makes a backup too old, of this type or a greater one: it is older than the last due time at which it
 * would be late by now (warning), or than the one before (critical). Leaves *out unless the schedule says something.
 */
void schedule_age(struct threshold *out, const struct agenda *agenda, enum task least, int64_t now_s);

/* The same for the last good run of a task that has no greater one, such as a drill. */
void schedule_task_age(struct threshold *out, const struct schedule_settings *settings, enum task task);

struct schedule_ages {
	struct threshold full_ms, backup_ms, dump_ms;
};

/* The same for all ages, by the options' times. Nothing changes where they cannot be understood. */
void schedule_ages(struct schedule_ages *out, const struct schedule_settings *settings);

#endif
