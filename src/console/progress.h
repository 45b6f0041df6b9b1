/* A line on the terminal that tells how far a long command has come, and is gone when there is something to read. */
#ifndef WALSHIP_CONSOLE_PROGRESS_H
#define WALSHIP_CONSOLE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

#define PROGRESS_MS 200 /* from one state to the next that is shown */

struct progress {
	int fd; /* of the terminal; 0: there is none, and nothing is ever shown */
	const struct clock *clock;
	int64_t shown_ms;
	bool visible;
};

void progress_begin(struct progress *progress, int fd, const struct clock *clock);

/* Whether the time has come to show the next state. */
bool progress_is_due(const struct progress *progress);

/* Shows it in place of the last one. */
void progress_show(struct progress *progress, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Before something else is printed, and at the end. */
void progress_clear(struct progress *progress);

#endif
