/* notify-command: tells somebody that pushes have failed for a time, and once that they work again. */
#ifndef WALSHIP_MONITOR_NOTIFY_H
#define WALSHIP_MONITOR_NOTIFY_H

#include "command/command.h"
#include "monitor/failures.h"
#include "monitor/notified.h"

/* What has happened. */
struct event {
	bool failing;                    /* else it works again */
	const char *check;               /* as that of a claim: monitor/notified.h */
	const struct failures *failures; /* of a count of 0 when no push was tried at all */
	uint64_t system_id;              /* 0: not known */
};

/*
 * From push, once it has failed or, where there was a record, succeeded. Runs the command if one is configured, it is
 * time for it (notify-after, notify-interval) and it can be noted in the spool; in a process of its own, which push
 * does not wait for. What became of the command is noted too; the next call that finds that says it in one line of the
 * log.
 */
void notify_push(struct command_context *context, const struct push_notes *notes, const struct event *event);

/* Says, if a command is configured, that it is not run, and why. */
void notify_impossible(const struct command_context *context, const struct error *why);

/* As notify_push, with no regard to notify-after; waits for the command, at most notify-timeout. */
void notify_now(struct command_context *context, const struct push_notes *notes, const struct event *event);

#endif
