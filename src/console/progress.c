#include "console/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define LINE_MAX_BYTES 200
#define TO_LINE_BEGIN "\r"
#define TO_LINE_END_EMPTY "\033[K"

void progress_begin(struct progress *progress, int fd, const struct clock *clock)
{
	*progress = (struct progress){.fd = fd, .clock = clock, .shown_ms = clock_monotonic_ms(clock)};
}

bool progress_is_due(const struct progress *progress)
{
	return progress->fd > 0 && clock_monotonic_ms(progress->clock) - progress->shown_ms >= PROGRESS_MS;
}

static void write_line(const struct progress *progress, const char *line)
{
	char text[LINE_MAX_BYTES + 16];
	int len = snprintf(text, sizeof text, TO_LINE_BEGIN "%s" TO_LINE_END_EMPTY, line);
	if (write(progress->fd, text, (size_t)len) < 0)
		return; /* a lost progress line is harmless */
}

void progress_show(struct progress *progress, const char *format, ...)
{
	char line[LINE_MAX_BYTES];
	va_list args;
	if (progress->fd <= 0)
		return;
	va_start(args, format);
	(void)vsnprintf(line, sizeof line, format, args);
	va_end(args);
	progress->shown_ms = clock_monotonic_ms(progress->clock);
	progress->visible = true;
	write_line(progress, line);
}

void progress_clear(struct progress *progress)
{
	if (progress->visible)
		write_line(progress, "");
	progress->visible = false;
}
