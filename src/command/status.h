/* The settings of walship status, for the commands that show its checks. */
#ifndef WALSHIP_COMMAND_STATUS_H
#define WALSHIP_COMMAND_STATUS_H

#include "command/command.h"
#include "monitor/health.h"

/*
 * Fills *out, and *schedule, to which *out points. Prints and notifies nothing: format and sends stay as in the zero
 * state. STATUS_USAGE when thresholds or the schedule are not valid. Points where repository, config and context do.
 */
enum status status_settings(struct health_settings *out, const struct repository_settings *repository,
			    struct health_schedule *schedule, const struct command_context *context, struct error *err);

#endif
