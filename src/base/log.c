#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text/sanitize.h"

bool log_wants(const struct log *log, enum log_level level)
{
	return log != NULL && log->write != NULL && level <= log->level;
}

void log_line(const struct log *log, enum log_level level, const char *format, ...)
{
	char line[LOG_LINE_MAX];
	va_list args;
	if (!log_wants(log, level))
		return;
	va_start(args, format);
	(void)vsnprintf(line, sizeof line, format, args);
	va_end(args);
	sanitize(line, strlen(line), '\0');
	log->write(log, level, line);
}
