#include "config/ini.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "sys/read_file.h"

#define FILE_MAX (64 * 1024) /* the sample with every option has a tenth of this */

/*
 * The file names commands, so only this user and root may be able to change it. root also runs walship on the server
 * user's files, as with files of secrets. On a read-only mount, as containers have it, owner and mode are the host's:
 * nobody here can write.
 */
static enum status check_writers(int fd, const struct stat *info, const char *path, struct error *err)
{
	struct statvfs mount;
	bool foreign = geteuid() != 0 && info->st_uid != 0 && info->st_uid != geteuid();
	if ((!foreign && (info->st_mode & 0022) == 0) || (fstatvfs(fd, &mount) == 0 && (mount.f_flag & ST_RDONLY) != 0))
		return STATUS_OK;
	if (foreign) {
		(void)error_set(err, STATUS_USAGE, "configuration file %s belongs to user %u, not to this user or root",
				path, (unsigned)info->st_uid);
		return error_hint(err, STATUS_USAGE,
				  "run walship as that user, or chown the file: it names commands that walship runs");
	}
	(void)error_set(err, STATUS_USAGE, "configuration file %s is writable by other users (mode %04o)", path,
			(unsigned)info->st_mode & 07777);
	return error_hint(err, STATUS_USAGE, "chmod go-w %s: the file names commands that walship runs", path);
}

enum status ini_file_read(struct ini_file *file, const char *path, struct error *err)
{
	struct stat info;
	char content[FILE_MAX + 1];
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &info) != 0) {
		enum status why = errno == ENOENT || errno == ENOTDIR ? STATUS_MISSING : STATUS_USAGE;
		(void)error_errno(err, why, errno, "configuration file %s", path);
		return why == STATUS_MISSING
			   ? why
			   : error_hint(err, why, "user id %u, which runs walship, must be able to read this file",
					(unsigned)geteuid());
	}
	if (!S_ISREG(info.st_mode))
		return error_set(err, STATUS_USAGE, "configuration file %s is not a regular file", path);
	enum status st = check_writers(fd, &info, path, err);
	if (st)
		return st;
	ssize_t got = read_file_open(fd, content, sizeof content);
	if (got < 0)
		return error_errno(err, STATUS_USAGE, errno, "configuration file %s", path);
	if (got > FILE_MAX)
		return error_set(err, STATUS_USAGE, "configuration file %s is larger than %d bytes", path, FILE_MAX);
	file->path = path;
	/* Group access is accepted only if root owns the file, as for other files with secrets. */
	file->others_can_read = (info.st_mode & (info.st_uid == 0 ? 0007u : 0077u)) != 0;
	st = secret_set(&file->content, content, (size_t)got, err);
	explicit_bzero(content, (size_t)got);
	return st;
}

/* Some editors write a byte order mark. Skip it, so that a section on the first line is recognized. */
static size_t mark_length(const struct secret *content)
{
	static const char mark[] = "\xef\xbb\xbf";
	return content->len >= 3 && memcmp(content->data, mark, 3) == 0 ? 3 : 0;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Strips outer blanks in place. Returns the first character that remains. */
static char *strip(char *text)
{
	size_t len = strlen(text);
	while (len > 0 && is_blank(text[len - 1]))
		text[--len] = '\0';
	while (is_blank(*text))
		text++;
	return text;
}

/* Cuts off a comment: ';' behind a blank. */
static void cut_comment(char *text)
{
	for (char *c = text; *c != '\0'; c++) {
		if (is_blank(c[0]) && c[1] == ';') {
			*c = '\0';
			return;
		}
	}
}

/* Splits text in place at the first '=' or ':'. False when there is none. */
static bool split(char *text, struct ini_line *line)
{
	char *value = text + strcspn(text, "=:");
	if (*value == '\0')
		return false;
	*value++ = '\0';
	line->name = strip(text);
	line->value = strip(value);
	return true;
}

static enum status check_section(const char *text, struct error *err)
{
	static const char own[] = "[walship]";
	if (strncmp(text, own, sizeof own - 1) == 0)
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "unknown section %.64s", text);
	return error_hint(err, STATUS_USAGE, "put options outside of sections or in [walship]");
}

/* Parses one line in place. A line without an option leaves line->name NULL. */
static enum status parse_line(char *text, struct ini_line *line, struct error *err)
{
	text = strip(text);
	if (text[0] == '\0' || text[0] == ';' || text[0] == '#')
		return STATUS_OK;
	if (text[0] == '[')
		return check_section(text, err);
	cut_comment(text);
	return split(text, line) ? STATUS_OK : error_set(err, STATUS_USAGE, "neither 'name = value' nor a comment");
}

enum status ini_parse_lines(const struct ini_file *file, ini_line_fn take, void *arg, struct error *err)
{
	CLEANUP(secret_fini) struct secret content = {0};
	enum status st = secret_set(&content, file->content.data, file->content.len, err);
	char *text = st ? NULL : content.data + mark_length(&content);
	for (int number = 1; !st && text < content.data + content.len; number++) {
		struct ini_line line = {.number = number};
		size_t left = (size_t)(content.data + content.len - text);
		char *newline = memchr(text, '\n', left);
		size_t len = newline == NULL ? left : (size_t)(newline - text);
		text[len] = '\0';
		st = strlen(text) < len ? error_set(err, STATUS_USAGE, "contains a zero byte")
					: parse_line(text, &line, err);
		if (st)
			return error_wrap(err, st, "%s:%d", file->path, number);
		if (line.name != NULL)
			st = take(arg, &line, err);
		text += len + 1;
	}
	return st;
}

void ini_file_fini(struct ini_file *file)
{
	secret_fini(&file->content);
}
