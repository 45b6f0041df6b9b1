#include "cli/log_entry.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "text/utf8.h"

/* In the order of enum log_level. */
static const struct {
	const char *name, *label;
	int severity;
} levels[] = {
    {"error", "", LOG_ERR}, {"warning", "warning: ", LOG_WARNING}, {"info", "", LOG_INFO}, {"debug", "", LOG_DEBUG}};

__attribute__((format(printf, 2, 3))) static void put(struct log_entry_text *out, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int len = vsnprintf(out->bytes + out->len, sizeof out->bytes - out->len, format, args);
	va_end(args);
	if (len > 0)
		out->len += (size_t)len;
	if (out->len > sizeof out->bytes - 1)
		out->len = sizeof out->bytes - 1;
}

/* Appends text as valid UTF-8, with a backslash before each character in escaped. */
static void put_utf8(struct log_entry_text *out, const char *text, const char *escaped)
{
	while (*text != '\0') {
		int bytes = (int)utf8_length(text, strnlen(text, UTF8_MAX));
		bool escape = bytes == 1 && strchr(escaped, *text) != NULL;
		if (bytes == 0 || (unsigned char)*text < 0x20)
			put(out, "?");
		else
			put(out, "%s%.*s", escape ? "\\" : "", bytes, text);
		text += bytes == 0 ? 1 : bytes;
	}
}

static void put_time(struct log_entry_text *out, const struct timespec *time)
{
	struct tm parts;
	char text[32];
	if (gmtime_r(&time->tv_sec, &parts) != NULL && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts) > 0)
		put(out, "%s.%03ldZ", text, time->tv_nsec / 1000000);
}

void log_entry_terminal(const struct log_entry *entry, struct log_entry_text *out)
{
	out->len = 0;
	put(out, "walship: %s%s\n", levels[entry->level].label, entry->message);
	if (entry->hint[0] != '\0')
		put(out, "walship: hint: %s\n", entry->hint);
}

static void put_file_line(struct log_entry_text *out, const struct log_entry *entry, const char *label,
			  const char *text)
{
	put_time(out, &entry->time);
	put(out, " walship[%d] %s: %s\n", entry->pid, label, text);
}

void log_entry_file(const struct log_entry *entry, struct log_entry_text *out)
{
	out->len = 0;
	put_file_line(out, entry, levels[entry->level].name, entry->message);
	if (entry->hint[0] != '\0')
		put_file_line(out, entry, "hint", entry->hint);
}

static void put_member(struct log_entry_text *out, const char *name, const char *value)
{
	put(out, ",\"%s\":\"", name);
	put_utf8(out, value, "\"\\");
	put(out, "\"");
}

static void put_json(struct log_entry_text *out, const struct log_entry *entry)
{
	put(out, "{\"time\":\"");
	put_time(out, &entry->time);
	put(out, "\",\"level\":\"%s\"", levels[entry->level].name);
	if (entry->command != NULL)
		put_member(out, "command", entry->command);
	put(out, ",\"pid\":%d", entry->pid);
	/* A string, because many JSON parsers lose digits of 64-bit numbers (RFC 8259, 6). */
	if (entry->subject.system_id != 0)
		put(out, ",\"system_id\":\"%" PRIu64 "\"", entry->subject.system_id);
	if (entry->subject.wal_file != NULL)
		put_member(out, "wal_file", entry->subject.wal_file);
	put_member(out, "message", entry->message);
	if (entry->hint[0] != '\0')
		put_member(out, "hint", entry->hint);
	put(out, "}");
}

void log_entry_json(const struct log_entry *entry, struct log_entry_text *out)
{
	out->len = 0;
	put_json(out, entry);
	put(out, "\n");
}

static void begin_syslog(struct log_entry_text *out, const struct log_entry *entry)
{
	struct tm parts;
	char text[32] = "";
	/* syslogd expects the local time without a year (RFC 3164, 4.1.2). */
	if (localtime_r(&entry->time.tv_sec, &parts) != NULL)
		(void)strftime(text, sizeof text, "%b %e %H:%M:%S", &parts);
	out->len = 0;
	put(out, "<%d>%s walship[%d]: ", LOG_LOCAL0 | levels[entry->level].severity, text, entry->pid);
}

void log_entry_syslog(const struct log_entry *entry, struct log_entry_text *out)
{
	begin_syslog(out, entry);
	put(out, "%s%s", levels[entry->level].label, entry->message);
	if (entry->hint[0] != '\0')
		put(out, "; hint: %s", entry->hint);
}

void log_entry_syslog_json(const struct log_entry *entry, struct log_entry_text *out)
{
	begin_syslog(out, entry);
	put_json(out, entry);
}

static void put_field(struct log_entry_text *out, const char *name, const char *value)
{
	put(out, "%s=", name);
	put_utf8(out, value, "");
	put(out, "\n");
}

void log_entry_journal(const struct log_entry *entry, struct log_entry_text *out)
{
	out->len = 0;
	put(out, "MESSAGE=");
	put_utf8(out, entry->message, "");
	/* journalctl shows the message alone. */
	if (entry->hint[0] != '\0') {
		put(out, "; hint: ");
		put_utf8(out, entry->hint, "");
	}
	put(out, "\nPRIORITY=%d\nSYSLOG_IDENTIFIER=walship\nSYSLOG_PID=%d\n", levels[entry->level].severity,
	    entry->pid);
	if (entry->command != NULL)
		put_field(out, "WALSHIP_COMMAND", entry->command);
	if (entry->subject.system_id != 0)
		put(out, "WALSHIP_SYSTEM_ID=%" PRIu64 "\n", entry->subject.system_id);
	if (entry->subject.wal_file != NULL)
		put_field(out, "WALSHIP_WAL_FILE", entry->subject.wal_file);
	if (entry->hint[0] != '\0')
		put_field(out, "WALSHIP_HINT", entry->hint);
}
