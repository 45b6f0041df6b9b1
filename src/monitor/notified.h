/*
 * When notify-command last ran, and its result: a file in the spool, created once and then written in place. So a full
 * disk does not lose it, which would send a notification with every push.
 */
#ifndef WALSHIP_MONITOR_NOTIFIED_H
#define WALSHIP_MONITOR_NOTIFIED_H

#include "monitor/push_notes.h"
#include "walship/error.h"

#define NOTIFIED_RESULT_MAX 1024

#define NOTIFIED_CHECK_MAX 9         /* 8 letters, as the record holds, and 0 */
#define NOTIFIED_SCHEDULE "schedule" /* the check that a run of a scheduled task judges */
#define NOTIFIED_PUSHES "pushes"     /* the check that push can judge */

struct notified {
	bool failing;                     /* the last run reported a failure, and no later run reported success */
	int64_t failing_at_s;             /* UTC, of the last run that reported a failure; 0: none */
	int64_t at_s;                     /* UTC, of the last run of either kind */
	bool logged;                      /* the result was logged */
	char check[NOTIFIED_CHECK_MAX];   /* the check that the last reported failure was about */
	char result[NOTIFIED_RESULT_MAX]; /* how the command ended and its output; "": it has not ended */
};

/* *out is zero when there is no record. */
void notified_read(const struct push_notes *notes, struct notified *out);

struct claim {
	bool failing;
	const char *check; /* the failing check, or the one that works again; NULL: all checks work */
	int64_t now_s, interval_s;
};

/*
 * Whether to send a notification now: of a failure when interval_s have passed since the last one; of success when the
 * last one reported a failure of this check. *out is true for only one of several callers, and is recorded before
 * sending. STATUS_LOCAL when it cannot be recorded: then nothing may be sent, or every push would send it again.
 */
enum status notified_claim(const struct push_notes *notes, const struct claim *claim, bool *out, struct error *err);

/* Records the result of the command. */
void notified_set_result(const struct push_notes *notes, const char *result);

/* The result, if no call has logged it yet; else "". */
void notified_take_result(const struct push_notes *notes, char out[NOTIFIED_RESULT_MAX]);

#endif
