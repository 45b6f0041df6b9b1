/* One log message, and its encodings for standard error, files, JSON, syslog and the journal. */
#ifndef WALSHIP_CLI_LOG_ENTRY_H
#define WALSHIP_CLI_LOG_ENTRY_H

#include <time.h>

#include "base/log.h"

struct log_entry {
	struct timespec time; /* since 1970 */
	enum log_level level;
	const char *command; /* NULL: not known yet */
	int pid;
	struct log_subject subject;
	const char *message; /* one line, sanitized by base/log.c or base/error.c */
	const char *hint;    /* as message; "": none */
};

#define LOG_ENTRY_MAX (8 * 1024) /* a message and a hint with every byte escaped, and the field names */

struct log_entry_text {
	char bytes[LOG_ENTRY_MAX]; /* truncated if it does not fit */
	size_t len;
};

/* For standard error: "walship: warning: ...", and the hint on its own line. */
void log_entry_terminal(const struct log_entry *entry, struct log_entry_text *out);

/* For a file: the same after time, process id and level. */
void log_entry_file(const struct log_entry *entry, struct log_entry_text *out);

/* One JSON object and a newline. Bytes that are not UTF-8 become '?' (RFC 8259, 8.1). */
void log_entry_json(const struct log_entry *entry, struct log_entry_text *out);

/* For the syslog socket, as syslog(3) sends it: "<priority>time walship[pid]: text". The second one has JSON as text.
 */
void log_entry_syslog(const struct log_entry *entry, struct log_entry_text *out);
void log_entry_syslog_json(const struct log_entry *entry, struct log_entry_text *out);

/* For the journal's native protocol: NAME=value lines (systemd.io/JOURNAL_NATIVE_PROTOCOL). */
void log_entry_journal(const struct log_entry *entry, struct log_entry_text *out);

#endif
