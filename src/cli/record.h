/* One line for the operator, and how each reader of logs wants it. */
#ifndef WALSHIP_CLI_RECORD_H
#define WALSHIP_CLI_RECORD_H

#include <time.h>

#include "base/log.h"

struct record {
	struct timespec time; /* since 1970 */
	enum log_level level;
	const char *command; /* NULL: none yet */
	int pid;
	struct log_subject subject;
	const char *message; /* one line, as base/log.c and base/error.c make it */
	const char *hint;    /* the same; "": none */
};

#define RECORD_MAX (8 * 1024) /* a line and a hint with every byte of them escaped, and the names */

struct record_text {
	char bytes[RECORD_MAX]; /* what does not fit is left out */
	size_t len;
};

/* "walship: warning: ...", and the hint on a line of its own: standard error. */
void record_terminal(const struct record *record, struct record_text *out);

/* The same with time, process and level in front: a file. */
void record_file(const struct record *record, struct record_text *out);

/* One JSON object and a newline; what is not UTF-8 becomes '?' (RFC 8259, 8.1). */
void record_json(const struct record *record, struct record_text *out);

/* What syslog(3) sends to its socket: "<priority>time walship[pid]: text"; with JSON as text if that is wanted. */
void record_syslog(const struct record *record, struct record_text *out);
void record_syslog_json(const struct record *record, struct record_text *out);

/* The journal's native protocol, NAME=value lines (systemd.io/JOURNAL_NATIVE_PROTOCOL). */
void record_journal(const struct record *record, struct record_text *out);

#endif
