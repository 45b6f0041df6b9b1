/* The steps of walship check, one after the other: each a line for people, or a line of JSON. */
#ifndef WALSHIP_CHECK_CHECKLIST_H
#define WALSHIP_CHECK_CHECKLIST_H

#include "base/call.h"
#include "console/console.h"
#include "walship/error.h"

#define FINDING_MAX 512

/* What a step found, beside its status. */
struct finding {
	bool optional;            /* archiving and recovery do without: not STATUS_OK is a warning */
	bool skipped;             /* it was not tried; detail says why. The status does not count */
	char detail[FINDING_MAX]; /* what is there; "": the time that it took tells enough */
};

/* One step. call has its deadline. The error is for reading; the hint says what to do. */
typedef enum status (*check_fn)(void *arg, const struct call *call, struct finding *out, struct error *err);

struct checklist {
	const struct console *console;
	bool json;
	unsigned count;     /* of steps that were tried */
	unsigned failed;    /* of them */
	enum status status; /* of the first that failed */
};

/*
 * Runs the step and shows what came of it. *passed, which may be NULL: whether it is right, or a warning only. Anything
 * but STATUS_OK: it could not be shown.
 */
enum status checklist_run(struct checklist *list, const char *what, check_fn run, void *arg, bool *passed,
			  struct error *err);

/* Sets the detail. */
void finding_say(struct finding *finding, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The step is not tried, and this is why. Returns STATUS_OK. */
enum status finding_skip(struct finding *finding, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
