/* From the configuration to the plain structs that monitor/ and archive/push/push_outcome.h take. */
#ifndef WALSHIP_COMMAND_OPTIONS_SETTINGS_MONITOR_H
#define WALSHIP_COMMAND_OPTIONS_SETTINGS_MONITOR_H

#include "archive/push/push_outcome.h"
#include "command/options/context.h"
#include "monitor/notify.h"
#include "monitor/thresholds.h"

/* notify-command and its times. Points into the configuration and the environment of context. */
struct notify_settings settings_notify(const struct command_context *context);

/* For the push of the context's first operand. Points where context does. */
struct push_outcome_settings settings_push_outcome(const struct command_context *context);

/*
 * From when on status warns, and from when on that is critical. STATUS_USAGE, with the option to change for a hint,
 * when a critical value comes before its warning. Only status and check call this: no push may fail for it.
 */
enum status settings_thresholds(struct thresholds *out, const struct config *config, struct error *err);

#endif
