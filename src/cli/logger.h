/* Sends log entries to standard error, a file, syslog or the journal. */
#ifndef WALSHIP_CLI_LOGGER_H
#define WALSHIP_CLI_LOGGER_H

#include <pthread.h>

#include "cli/log_entry.h"
#include "config/config.h"

struct logger {
	struct log log;      /* the interface for other modules; level WARNING until logger_open */
	const char *command; /* NULL: not known yet */
	int err_fd;          /* standard error: PostgreSQL's log */
	pthread_mutex_t mutex;
	/* Guarded by mutex, because a place that fails is closed. */
	const char *place;  /* log-to; NULL: standard error */
	const char *socket; /* the socket's path; NULL: place is a file */
	int fd;             /* open on place; -1: use standard error */
	bool verbose;       /* -v or -vv; set before logger_open */
	bool watched;       /* verbose, or standard error is a terminal: write all entries there too */
	void (*to_err)(const struct log_entry *entry, struct log_entry_text *out);
	void (*to_place)(const struct log_entry *entry, struct log_entry_text *out);
	struct log_subject subject; /* of the main thread */
};

/* Logs text to standard error until logger_open. The logger must not move until logger_fini. */
void logger_init(struct logger *logger, int err_fd);

/*
 * Applies log-level, log-format and log-to. If the place cannot be written, now or later, the logger warns once and
 * uses standard error instead, so that a broken log never fails a push.
 */
void logger_open(struct logger *logger, const struct config *config);

/* Logs the error that ends the call, to the place and always to standard error. */
void logger_error(struct logger *logger, const struct error *err);

void logger_fini(struct logger *logger);

#endif
