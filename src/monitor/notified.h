/*
 * When notify-command was run last, and what became of it: a file in the spool that is made once and written in place,
 * so that a disk that is full does not make it forget, and a mail comes with each try.
 */
#ifndef WALSHIP_MONITOR_NOTIFIED_H
#define WALSHIP_MONITOR_NOTIFIED_H

#include "monitor/push_notes.h"
#include "walship/error.h"

#define NOTIFIED_RESULT_MAX 1024

#define NOTIFIED_CHECK_MAX 9     /* "pushes", "archive" and 0 */
#define NOTIFIED_PUSHES "pushes" /* the check that push itself can judge */

struct notified {
	bool failing;                     /* the last one said so, and no other has said that it works again */
	int64_t failing_at_s;             /* UTC, of the last one that said so; 0: there was none */
	int64_t at_s;                     /* of the last one of either kind */
	bool logged;                      /* the result is in the log */
	char check[NOTIFIED_CHECK_MAX];   /* of walship status: which one the last that said so was about */
	char result[NOTIFIED_RESULT_MAX]; /* "exit code 0: what it printed"; "": it has not ended */
};

/* Zero when there was none. */
void notified_read(const struct push_notes *notes, struct notified *out);

struct claim {
	bool failing;
	const char
	    *check; /* which one fails; or the only one of which it is known that it is well again, NULL: all are */
	int64_t now_s, interval_s;
};

/*
 * Whether a notification is to be sent now: of failing when interval_s have passed since the last such; of working when
 * the last one was of failing, and of what is known to be well. If so it is noted, before it is sent: what cannot be
 * noted is not to be sent (STATUS_LOCAL), for it would be again and again. Of two callers one gets it.
 */
enum status notified_claim(const struct push_notes *notes, const struct claim *claim, bool *out, struct error *err);

/* What became of the command. */
void notified_set_result(const struct push_notes *notes, const char *result);

/* The result, if no call has put it into the log yet; "" otherwise. */
void notified_take_result(const struct push_notes *notes, char out[NOTIFIED_RESULT_MAX]);

#endif
