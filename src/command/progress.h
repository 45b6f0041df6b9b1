/* How far a long command is: one line on a terminal, now and then, which goes when others come. */
#ifndef WALSHIP_COMMAND_PROGRESS_H
#define WALSHIP_COMMAND_PROGRESS_H

#include "command/command.h"

struct progress {
	const struct command_context *context;
	int64_t next_ms; /* nothing is shown before it */
	bool shown;
};

/* Nothing is ever shown unless context->progress. Not for two threads at once. */
void progress_init(struct progress *progress, const struct command_context *context);

/* Shows the line in place of the one before, unless that is too new. */
void progress_show(struct progress *progress, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Takes the line away: before something else is printed, and at the end. */
void progress_clear(struct progress *progress);

#endif
