#include "recovery/recovery_settings.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sys/newfile.h"
#include "sys/open_as.h"
#include "sys/read_file.h"

#define CONF_MAX (1024 * 1024) /* postgresql.conf has some 30 KiB, postgresql.auto.conf less */
#define HEADING "# walship restore, from backup "
#define AUTO_CONF "postgresql.auto.conf"
#define RECOVERY_PREFETCH_VERSION 150000

/*
 * Recovery stops when one of these is lower than on the server that wrote the WAL (CheckRequiredParameterValues in
 * xlogrecovery.c). The defaults are those of PostgreSQL 13 to 18.
 */
static const struct {
	const char *name, *value;
} minimums[] = {{"max_connections", "100"},
		{"max_worker_processes", "8"},
		{"max_wal_senders", "10"},
		{"max_prepared_transactions", "0"},
		{"max_locks_per_transaction", "64"}};

/* Whether the line sets this name, or, with a '*' at its end, a name that begins so (guc-file.l). */
static bool line_sets(const char *line, const char *name)
{
	size_t len = strlen(name);
	bool prefix = name[len - 1] == '*';
	line += strspn(line, " \t");
	len -= prefix;
	if (strncasecmp(line, name, len) != 0)
		return false;
	unsigned char next = (unsigned char)line[len];
	return prefix || next == '=' || next == ' ' || next == '\t';
}

static bool is_replaced(const char *line, const struct recovery_settings *settings)
{
	return line_sets(line, "recovery_target*") || line_sets(line, "restore_command") ||
	       line_sets(line, "recovery_end_command") || line_sets(line, "recovery_min_apply_delay") ||
	       strncmp(line, HEADING, strlen(HEADING)) == 0 ||
	       (settings->archive_off && line_sets(line, "archive_mode")) ||
	       (settings->no_read_ahead && line_sets(line, "recovery_prefetch"));
}

static bool text_sets(const char *text, const char *name)
{
	for (const char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (line_sets(line, name))
			return true;
	}
	return false;
}

static enum status keep_lines(struct buffer *out, const struct recovery_settings *settings, const char *old,
			      struct error *err)
{
	enum status st = STATUS_OK;
	while (!st && *old != '\0') {
		size_t len = strcspn(old, "\n");
		if (!is_replaced(old, settings))
			st = buffer_printf(out, err, "%.*s\n", (int)len, old);
		old += len + (old[len] == '\n');
	}
	return st;
}

/* In quotes, a quote is doubled and a backslash begins an escape (DeescapeQuotedString in guc-file.l). */
static enum status add_setting(struct buffer *out, const char *name, const char *value, struct error *err)
{
	enum status st = buffer_printf(out, err, "%s = '", name);
	for (; !st && *value != '\0'; value++) {
		const char *escape = *value == '\'' ? "''" : *value == '\\' ? "\\\\" : *value == '\n' ? "\\n" : NULL;
		st = escape != NULL ? buffer_printf(out, err, "%s", escape) : buffer_append(out, value, 1, err);
	}
	return st ? st : buffer_printf(out, err, "'\n");
}

static enum status add_target(struct buffer *out, const struct target *target, struct error *err)
{
	static const char *const names[] = {[TARGET_TIME] = "recovery_target_time",
					    [TARGET_LSN] = "recovery_target_lsn",
					    [TARGET_XID] = "recovery_target_xid",
					    [TARGET_NAME] = "recovery_target_name",
					    [TARGET_IMMEDIATE] = "recovery_target"};
	char time[TARGET_TIME_MAX];
	if (target->kind == TARGET_END)
		return STATUS_OK;
	target_time_text(target->time_us, time);
	const char *value = target->kind == TARGET_TIME        ? time
			    : target->kind == TARGET_IMMEDIATE ? "immediate"
							       : target->text;
	enum status st = add_setting(out, names[target->kind], value, err);
	if (!st && target->exclusive)
		st = buffer_printf(out, err, "recovery_target_inclusive = off\n");
	if (!st && target->action != NULL)
		st = add_setting(out, "recovery_target_action", target->action, err);
	return st;
}

static enum status add_minimums(struct buffer *out, const struct recovery_settings *settings, const char *old,
				const char *conf, struct recovery_notes *notes, struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < sizeof minimums / sizeof minimums[0]; i++) {
		const char *name = minimums[i].name;
		const char *value = manifest_value(&settings->manifest->settings, name);
		if (value == NULL || strcmp(value, minimums[i].value) == 0 || text_sets(old, name) ||
		    text_sets(conf, name))
			continue;
		st = buffer_printf(&notes->minimum, err, "%s%s = %s", notes->minimum.len > 0 ? ", " : "", name, value);
		/* With a configuration elsewhere, nobody can know here what is set there. */
		if (!st && conf != NULL) {
			st = add_setting(out, name, value, err);
			notes->minimum_written = true;
		}
	}
	return st;
}

enum status recovery_settings_text(struct buffer *out, const struct recovery_settings *settings, const char *old,
				   const char *postgresql_conf, struct recovery_notes *notes, struct error *err)
{
	char timeline[16] = "latest";
	/*
	 * PostgreSQL refuses the number of a timeline without a history (validateRecoveryParameters in xlogrecovery.c),
	 * as in a repository that is younger than the timeline.
	 */
	if (settings->timeline > 1 && settings->no_history)
		(void)strcpy(timeline, "current");
	else if (settings->timeline != 0)
		(void)snprintf(timeline, sizeof timeline, "%" PRIu32, settings->timeline);
	notes->no_postgresql_conf = postgresql_conf == NULL;
	enum status st = keep_lines(out, settings, old, err);
	if (!st)
		st = buffer_printf(out, err, HEADING "%s:\n", settings->manifest->label.text);
	if (!st)
		st = add_setting(out, "restore_command", settings->restore_command, err);
	if (!st)
		st = add_target(out, settings->target, err);
	if (!st)
		st = add_setting(out, "recovery_target_timeline", timeline, err);
	if (!st && settings->archive_off)
		st = buffer_printf(out, err, "archive_mode = off\n");
	/* By default recovery asks for segments up to wal_decode_buffer_size ahead (xlogprefetcher.c, since 15). */
	if (!st && settings->no_read_ahead && settings->manifest->server_version >= RECOVERY_PREFETCH_VERSION)
		st = buffer_printf(out, err, "recovery_prefetch = off\n");
	return st ? st : add_minimums(out, settings, old, postgresql_conf, notes, err);
}

static enum status path_of(char out[PATH_MAX], const char *directory, const char *name, struct error *err)
{
	if ((size_t)snprintf(out, PATH_MAX, "%s/%s", directory, name) < PATH_MAX)
		return STATUS_OK;
	return error_set(err, STATUS_LOCAL, "path too long: %.64s...", directory);
}

/* *out is NULL when there is no such file. A symbolic link, as to a directory of settings, is followed, by root
 * with the rights of the directory's owner. */
static enum status read_conf(char **out, const char *directory, const char *name, struct error *err)
{
	char path[PATH_MAX];
	struct stat info;
	*out = NULL;
	enum status st = path_of(path, directory, name, err);
	if (st)
		return st;
	CLEANUP(fd_closep) int root = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_errno(err, STATUS_LOCAL, errno, "open directory %s", directory);
	CLEANUP(fd_closep) int fd = open_as_owner(root, root, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return STATUS_OK;
	if (fd < 0 || fstat(fd, &info) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "open %s", path);
	if (!S_ISREG(info.st_mode) || info.st_size >= CONF_MAX)
		return error_set(err, STATUS_LOCAL, "%s is not a file of settings", path);
	*out = calloc(1, CONF_MAX);
	if (*out == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	return read_file_open(fd, *out, CONF_MAX - 1) < 0 ? error_errno(err, STATUS_LOCAL, errno, "read %s", path)
							  : STATUS_OK;
}

/* root gives the file to the owner of the directory, as whom the server runs. */
static enum status write_file(const char *directory, const char *name, const struct buffer *content, struct error *err)
{
	char path[PATH_MAX];
	struct stat info;
	struct newfile file = {0};
	enum status st = path_of(path, directory, name, err);
	if (!st)
		st = newfile_open(&file, path, 0600, err);
	if (!st && geteuid() == 0 && (stat(directory, &info) != 0 || fchown(file.fd, info.st_uid, info.st_gid) != 0))
		st = error_errno(err, STATUS_LOCAL, errno, "change the owner of %s", path);
	if (!st && content->len > 0)
		st = newfile_write(&file, content->data, content->len, err);
	if (!st)
		st = newfile_replace_durably(&file, err);
	newfile_fini(&file);
	return st;
}

static enum status write_signal(const struct recovery_settings *settings, struct error *err)
{
	const struct buffer empty = {0};
	char path[PATH_MAX];
	const char *own = settings->target->standby ? "standby.signal" : "recovery.signal";
	enum status st =
	    path_of(path, settings->directory, settings->target->standby ? "recovery.signal" : "standby.signal", err);
	if (!st && unlink(path) != 0 && errno != ENOENT)
		st = error_errno(err, STATUS_LOCAL, errno, "remove %s", path);
	return st ? st : write_file(settings->directory, own, &empty, err);
}

static void text_freep(char **text)
{
	free(*text);
}

enum status recovery_settings_write(const struct recovery_settings *settings, struct recovery_notes *notes,
				    struct error *err)
{
	CLEANUP(buffer_fini) struct buffer content = {0};
	CLEANUP(text_freep) char *old = NULL, *conf = NULL;
	*notes = (struct recovery_notes){0};
	enum status st = read_conf(&old, settings->directory, AUTO_CONF, err);
	if (!st)
		st = read_conf(&conf, settings->directory, "postgresql.conf", err);
	if (!st)
		st = recovery_settings_text(&content, settings, old == NULL ? "" : old, conf, notes, err);
	if (!st)
		st = write_file(settings->directory, AUTO_CONF, &content, err);
	return st ? st : write_signal(settings, err);
}

void recovery_notes_fini(struct recovery_notes *notes)
{
	buffer_fini(&notes->minimum);
	*notes = (struct recovery_notes){0};
}

static bool is_plain(const char *word)
{
	return word[0] != '\0' && word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
						    "/._-+=:,@%")] == '\0';
}

enum status recovery_command_word(struct buffer *out, const char *word, struct error *err)
{
	bool plain = is_plain(word);
	enum status st = buffer_printf(out, err, "%s%s", out->len > 0 ? " " : "", plain ? "" : "'");
	for (; !st && *word != '\0'; word++) {
		const char *escape = *word == '\'' ? "'\\''" : *word == '%' ? "%%" : NULL;
		st = escape != NULL ? buffer_printf(out, err, "%s", escape) : buffer_append(out, word, 1, err);
	}
	return st || plain ? st : buffer_printf(out, err, "'");
}
