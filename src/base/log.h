/* Log lines for the operator. The owner of the process decides where they are written. */
#ifndef WALSHIP_BASE_LOG_H
#define WALSHIP_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LEVEL_ERROR, LEVEL_WARNING, LEVEL_INFO, LEVEL_DEBUG };

#define LOG_LINE_MAX 2048 /* an error text with its context */

/* The subject of log lines, as far as it is known, for logs with fields. */
struct log_subject {
	const char *wal_file; /* file name; NULL: none */
	uint64_t system_id;   /* of the cluster; 0: unknown */
};

struct log {
	enum log_level level; /* less important lines are not written */
	void (*write)(const struct log *log, enum log_level level, const char *line);
	void *arg;
	struct log_subject *subject; /* owned by the thread that uses this log; NULL: none */
};

/* Set the subject of the lines that follow. wal_file must live as long as the log. */
static inline void log_about_file(const struct log *log, const char *wal_file)
{
	if (log != NULL && log->subject != NULL)
		log->subject->wal_file = wal_file;
}

static inline void log_about_system(const struct log *log, uint64_t system_id)
{
	if (log != NULL && log->subject != NULL)
		log->subject->system_id = system_id;
}

/* Returns a copy of the log with its own subject, for one of several threads. A NULL log gives a silent copy. */
static inline struct log log_about(const struct log *log, struct log_subject *subject)
{
	struct log own = log == NULL ? (struct log){0} : *log;
	own.subject = subject;
	return own;
}

/* Whether a line of this level would be written. Ask before preparing an expensive line. */
bool log_wants(const struct log *log, enum log_level level);

/* Writes one line; the text has no newline. Control characters become '?'. A NULL log is silent. */
void log_line(const struct log *log, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
