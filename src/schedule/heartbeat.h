/* heartbeat-url: tells a service outside that a task has run; the service misses it when it does not (the protocol of
 * Healthchecks.io: a GET of the URL, or of URL/fail). */
#ifndef WALSHIP_SCHEDULE_HEARTBEAT_H
#define WALSHIP_SCHEDULE_HEARTBEAT_H

#include "base/call.h"
#include "schedule/agenda.h"

/*
 * urls are values of heartbeat-url: "TASK=URL", or a URL for all tasks. Logs a warning for a URL that does not answer:
 * the task's own outcome stands.
 */
void heartbeat_send(const char *const *urls, size_t count, enum task task, bool succeeded, const struct call *call);

#endif
