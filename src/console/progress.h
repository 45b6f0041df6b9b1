/* A progress line on the terminal, removed before other output. */
#ifndef WALSHIP_CONSOLE_PROGRESS_H
#define WALSHIP_CONSOLE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

#define PROGRESS_MS 200 /* between two updates */

struct progress {
	int fd; /* of the terminal; 0: no terminal, and nothing is shown */
	const struct clock *clock;
	int64_t shown_ms;
	bool visible;
};

void progress_begin(struct progress *progress, int fd, const struct clock *clock);

/* Whether the next update is due. */
bool progress_is_due(const struct progress *progress);

/* Replaces the line. */
void progress_show(struct progress *progress, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Removes the line: call before other output, and at the end. */
void progress_clear(struct progress *progress);

#endif
