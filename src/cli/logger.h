/* Where the lines of a call go: standard error, a file, syslog or the journal. */
#ifndef WALSHIP_CLI_LOGGER_H
#define WALSHIP_CLI_LOGGER_H

#include <pthread.h>

#include "cli/log_entry.h"
#include "config/config.h"

struct logger {
	struct log log;      /* for who writes lines; level WARNING until logger_open */
	const char *command; /* NULL: none yet */
	int err_fd;          /* standard error: PostgreSQL's log */
	pthread_mutex_t mutex;
	/* Guarded by mutex, as a place that fails is given up. */
	const char *place;  /* log-to; NULL: standard error */
	const char *socket; /* where it is one; NULL: it is a file */
	int fd;             /* of place; -1: standard error */
	bool watched;       /* a terminal is on standard error: what goes elsewhere is shown there too */
	void (*to_err)(const struct log_entry *entry, struct log_entry_text *out);
	void (*to_place)(const struct log_entry *entry, struct log_entry_text *out);
	struct log_subject subject; /* of the process's first thread */
};

/* Text to standard error. The logger must not move until logger_fini. */
void logger_init(struct logger *logger, int err_fd);

/*
 * What log-level, log-format and log-to say. A place that cannot be written to, now or later, is given up for standard
 * error with one warning: no log is worth a push.
 */
void logger_open(struct logger *logger, const struct config *config);

/* The error that ends the call: to the place, and to standard error in any case. */
void logger_error(struct logger *logger, const struct error *err);

void logger_fini(struct logger *logger);

#endif
