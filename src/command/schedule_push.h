/* The schedule in other commands: schedule = push, where a push starts what is due, and status. */
#ifndef WALSHIP_COMMAND_SCHEDULE_PUSH_H
#define WALSHIP_COMMAND_SCHEDULE_PUSH_H

#include "command/command.h"
#include "monitor/health_schedule.h"
#include "monitor/push_notes.h"
#include "monitor/thresholds.h"

/*
 * notes: of the pg_wal of the file that was pushed. Starts run-due in a detached process if something is due. One look
 * at a file of the spool if nothing is. Never a reason for a push to fail.
 */
void schedule_push(const struct command_context *context, const struct push_notes *notes);

/* For walship status: what the spool says of the schedule; and how old backups may be, where no option says it. */
enum status schedule_status(struct health_schedule *out, struct thresholds *thresholds,
			    const struct command_context *context, struct error *err);

#endif
