/* notify-command: tells somebody that pushes have failed for a time, and once that they work again. */
#ifndef WALSHIP_MONITOR_NOTIFY_H
#define WALSHIP_MONITOR_NOTIFY_H

#include "base/call.h"
#include "monitor/failures.h"
#include "monitor/notified.h"

/* Texts and environment are the caller's own. Without a command nothing is ever run. */
struct notify_settings {
	const char *command; /* as struct program's line; NULL: none is configured */
	const char *repo;    /* told to the command */
	int64_t after_ms;    /* pushes must have failed for so long; notify_push alone minds it */
	int64_t interval_ms; /* between two runs that report a failure */
	int64_t timeout_ms;  /* of one run */
	const char *const *environment;
	/* As cli/detach.h; NULL: notify_push starts no process, and so runs nothing. */
	int (*detach)(void (*live)(void *arg, int told_fd), void *arg);
};

/* The settings, the call, and the notes of one cluster's pg_wal. */
struct notifier {
	const struct notify_settings *settings;
	const struct call *call;
	const struct push_notes *notes;
};

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
void notify_push(const struct notifier *notifier, const struct event *event);

/* Logs, if a command is configured, that it is not run, and why. Needs no notes. */
void notify_impossible(const struct notifier *notifier, const struct error *why);

/* As notify_push, with no regard to notify-after; waits for the command, at most notify-timeout. */
void notify_now(const struct notifier *notifier, const struct event *event);

#endif
