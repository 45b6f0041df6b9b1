/* One line for the operator, and how each reader of logs wants it. */
#ifndef WALSHIP_CLI_LOG_ENTRY_H
#define WALSHIP_CLI_LOG_ENTRY_H

#include <time.h>

#include "base/log.h"

struct log_entry {
	struct timespec time; /* since 1970 */
	enum log_level level;
	const char *command; /* NULL: none yet */
	int pid;
	struct log_subject subject;
	const char *message; /* one line, as base/log.c and base/error.c make it */
	const char *hint;    /* the same; "": none */
};

#define LOG_ENTRY_MAX (8 * 1024) /* a line and a hint with every byte of them escaped, and the names */

struct log_entry_text {
	char bytes[LOG_ENTRY_MAX]; /* what does not fit is left out */
	size_t len;
};

/* "walship: warning: ...", and the hint on a line of its own: standard error. */
void log_entry_terminal(const struct log_entry *entry, struct log_entry_text *out);

/* The same with time, process and level in front: a file. */
void log_entry_file(const struct log_entry *entry, struct log_entry_text *out);

/* One JSON object and a newline; what is not UTF-8 becomes '?' (RFC 8259, 8.1). */
void log_entry_json(const struct log_entry *entry, struct log_entry_text *out);

/* What syslog(3) sends to its socket: "<priority>time walship[pid]: text"; with JSON as text if that is wanted. */
void log_entry_syslog(const struct log_entry *entry, struct log_entry_text *out);
void log_entry_syslog_json(const struct log_entry *entry, struct log_entry_text *out);

/* The journal's native protocol, NAME=value lines (systemd.io/JOURNAL_NATIVE_PROTOCOL). */
void log_entry_journal(const struct log_entry *entry, struct log_entry_text *out);

#endif
