/* schedule = push: a push starts what the schedule says is due. */
#ifndef WALSHIP_COMMAND_SCHEDULE_PUSH_H
#define WALSHIP_COMMAND_SCHEDULE_PUSH_H

#include "command/command.h"

/*
 * Starts run-due in a detached process if something is due. One look at a file of the spool if nothing is. Never a
 * reason for a push to fail.
 */
void schedule_push(const struct command_context *context);

#endif
