#include "command/progress.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/output.h"

#define EVERY_MS 200
#define LINE_MAX_BYTES 160
#define ERASE "\r\033[K" /* to the line's begin, and all of it away (ECMA-48, EL) */

void progress_init(struct progress *progress, const struct command_context *context)
{
	*progress = (struct progress){.context = context};
}

void progress_show(struct progress *progress, const char *format, ...)
{
	char line[LINE_MAX_BYTES] = ERASE;
	struct error ignored = {0};
	if (!progress->context->progress || clock_monotonic_ms(progress->context->call->clock) < progress->next_ms)
		return;
	progress->next_ms = clock_monotonic_ms(progress->context->call->clock) + EVERY_MS;
	va_list args;
	va_start(args, format);
	(void)vsnprintf(line + strlen(ERASE), sizeof line - strlen(ERASE), format, args);
	va_end(args);
	progress->shown = true;
	(void)output_write(progress->context->progress_fd, "to standard error", line, strlen(line), &ignored);
}

void progress_clear(struct progress *progress)
{
	struct error ignored = {0};
	if (progress->shown)
		(void)output_write(progress->context->progress_fd, "to standard error", ERASE, strlen(ERASE), &ignored);
	progress->shown = false;
}
