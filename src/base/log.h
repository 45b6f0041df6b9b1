/* Lines for the operator. What they are written to belongs to the owner of the process. */
#ifndef WALSHIP_BASE_LOG_H
#define WALSHIP_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LEVEL_ERROR, LEVEL_WARNING, LEVEL_INFO, LEVEL_DEBUG };

#define LOG_LINE_MAX 2048 /* an error's text and its context */

/* What lines are about, as far as it is known: for readers that sort by it. */
struct log_subject {
	const char *wal_file; /* its name; NULL: none */
	uint64_t system_id;   /* of the cluster; 0: not known */
};

struct log {
	enum log_level level; /* lines above it are not written */
	void (*write)(const struct log *log, enum log_level level, const char *line);
	void *arg;
	struct log_subject *subject; /* of the thread that has this log; may be NULL */
};

/* From now on lines are about this file, this cluster. wal_file must live as long as the log. */
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

/* The same log for lines about this alone: of one thread beside others. A NULL log gives a silent one. */
static inline struct log log_about(const struct log *log, struct log_subject *subject)
{
	struct log own = log == NULL ? (struct log){0} : *log;
	own.subject = subject;
	return own;
}

/* Whether a line of this level would be written: for lines that cost something to make. */
bool log_wants(const struct log *log, enum log_level level);

/* One line without its newline; control characters become '?'. A NULL log is silent. */
void log_line(const struct log *log, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
