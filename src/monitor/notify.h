/* notify-command: reports that pushes have failed for some time, and once that they work again. */
#ifndef WALSHIP_MONITOR_NOTIFY_H
#define WALSHIP_MONITOR_NOTIFY_H

#include "base/call.h"
#include "monitor/failures.h"
#include "monitor/notified.h"

/* The caller owns texts and environment. */
struct notify_settings {
	const char *command; /* the line for program_run; NULL: nothing is ever run */
	const char *repo;    /* URL, for the command's environment */
	int64_t after_ms;    /* pushes must have failed for so long before notify_push runs the command */
	int64_t interval_ms; /* minimum time between two reports of a failure */
	int64_t timeout_ms;  /* of one run */
	const char *const *environment;
	/* As detach of cli/detach.h; NULL: notify_push runs nothing. */
	int (*detach)(void (*live)(void *arg, int told_fd), void *arg);
};

/* The arguments that all functions below need. notes belongs to one cluster's pg_wal. */
struct notifier {
	const struct notify_settings *settings;
	const struct call *call;
	const struct push_notes *notes;
};

/* The event that the command reports. */
struct event {
	bool failing;                    /* false: works again */
	const char *check;               /* as in struct claim */
	const struct failures *failures; /* count 0: no push was tried */
	uint64_t system_id;              /* 0: unknown */
};

/*
 * For push, after a failure, or after the first success that follows failures. Runs the command in a detached process
 * if it is due (after_ms, interval_ms) and the spool can record it. The process records the result in the spool, and
 * the next call logs it in one line.
 */
void notify_push(const struct notifier *notifier, const struct event *event);

/* Logs why a configured command does not run. Needs no notes. */
void notify_impossible(const struct notifier *notifier, const struct error *why);

/* As notify_push, but ignores after_ms, and waits for the command at most timeout_ms. */
void notify_now(const struct notifier *notifier, const struct event *event);

#endif
