/* Lines for the operator. What they are written to belongs to the owner of the process. */
#ifndef WALSHIP_BASE_LOG_H
#define WALSHIP_BASE_LOG_H

#include <stdbool.h>

enum log_level { LEVEL_ERROR, LEVEL_WARNING, LEVEL_INFO, LEVEL_DEBUG };

#define LOG_LINE_MAX 2048 /* an error's text and its context */

struct log {
	enum log_level level; /* lines above it are not written */
	void (*write)(void *arg, enum log_level level, const char *line);
	void *arg;
};

/* Whether a line of this level would be written: for lines that cost something to make. */
bool log_wants(const struct log *log, enum log_level level);

/* One line without its newline; control characters become '?'. A NULL log is silent. */
void log_line(const struct log *log, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
