/* The steps of walship check: each prints a line of text or of JSON. */
#ifndef WALSHIP_CHECK_CHECKLIST_H
#define WALSHIP_CHECK_CHECKLIST_H

#include "base/call.h"
#include "console/console.h"
#include "walship/error.h"

#define FINDING_MAX 512

/* The finding of a step, besides its status. */
struct finding {
	bool optional;            /* archiving and recovery work without it: a failure is a warning */
	bool skipped;             /* not tried; detail says why, and the status does not count */
	char detail[FINDING_MAX]; /* the finding; "": the line shows the time instead */
};

/* One step; call has the step's deadline. */
typedef enum status (*check_fn)(void *arg, const struct call *call, struct finding *out, struct error *err);

struct checklist {
	const struct console *console;
	bool json;
	unsigned count;     /* of steps tried */
	unsigned failed;    /* of steps that failed */
	enum status status; /* of the first failed step */
};

/*
 * Runs the step and prints its result. *passed, which may be NULL: the step succeeded or is a warning only. Any status
 * but STATUS_OK: printing failed.
 */
enum status checklist_run(struct checklist *list, const char *what, check_fn run, void *arg, bool *passed,
			  struct error *err);

/* Sets detail. */
void finding_say(struct finding *finding, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Marks the step as skipped, with the reason. Returns STATUS_OK. */
enum status finding_skip(struct finding *finding, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
