#include "config/ini.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <ini.h>

#include "base/cleanup.h"
#include "sys/read_file.h"

#define FILE_MAX (64 * 1024) /* the sample with every option has a tenth of this */

enum status ini_file_read(struct ini_file *file, const char *path, struct error *err)
{
	struct stat info;
	char content[FILE_MAX + 1];
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &info) != 0) {
		enum status st = error_errno(err, errno == ENOENT || errno == ENOTDIR ? STATUS_MISSING : STATUS_USAGE,
					     errno, "configuration file %s", path);
		return st == STATUS_MISSING
			   ? st
			   : error_hint(err, st, "user id %u, which runs walship, must be able to read this file",
					(unsigned)geteuid());
	}
	if (!S_ISREG(info.st_mode))
		return error_set(err, STATUS_USAGE, "configuration file %s is not a regular file", path);
	ssize_t got = read_file_open(fd, content, sizeof content);
	if (got < 0)
		return error_errno(err, STATUS_USAGE, errno, "configuration file %s", path);
	if (got > FILE_MAX)
		return error_set(err, STATUS_USAGE, "configuration file %s is larger than %d bytes", path, FILE_MAX);
	file->path = path;
	/* Group access is accepted only if root owns the file, as for other files with secrets. */
	file->others_can_read = (info.st_mode & (info.st_uid == 0 ? 0007u : 0077u)) != 0;
	enum status st = secret_set(&file->content, content, (size_t)got, err);
	explicit_bzero(content, (size_t)got);
	return st;
}

/* State shared by libinih's callbacks. */
struct reading {
	const struct ini_file *file;
	ini_line_fn take;
	void *arg;
	struct error *err;
	enum status st;
	size_t offset;
	int line;
};

static enum status refuse(struct reading *reading, const char *what)
{
	reading->st = error_set(reading->err, STATUS_USAGE, "%s:%d: %s", reading->file->path, reading->line, what);
	return reading->st;
}

/* Some editors write a byte order mark. Skip it, so that a section on the first line is recognized. */
static size_t mark_length(const struct secret *content)
{
	static const char mark[] = "\xef\xbb\xbf";
	return content->len >= 3 && memcmp(content->data, mark, 3) == 0 ? 3 : 0;
}

/* libinih reports a section only together with a name in it, so check sections here: an empty one may be wrong too. */
static bool is_foreign_section(const char *line, size_t len)
{
	static const char own[] = "[walship]";
	return len > 0 && line[0] == '[' && (len < sizeof own - 1 || memcmp(line, own, sizeof own - 1) != 0);
}

static char *refuse_section(struct reading *reading, const char *line, size_t len)
{
	reading->st = error_set(reading->err, STATUS_USAGE, "%s:%d: unknown section %.*s", reading->file->path,
				reading->line, len < 64 ? (int)len : 64, line);
	(void)error_hint(reading->err, STATUS_USAGE, "put options outside of sections or in [walship]");
	return NULL;
}

/*
 * Hands libinih one line, as fgets does. Drops leading white space, because libinih would take the line for a
 * continuation. Refuses a line longer than the buffer, because libinih would take it for two.
 */
static char *next_line(char *buffer, int size, void *stream)
{
	struct reading *reading = stream;
	const char *from = reading->file->content.data + reading->offset;
	size_t left = reading->file->content.len - reading->offset;
	if (reading->st || left == 0)
		return NULL;
	const char *newline = memchr(from, '\n', left);
	size_t len = newline == NULL ? left : (size_t)(newline - from);
	reading->line++;
	reading->offset += newline == NULL ? len : len + 1;
	if (memchr(from, '\0', len) != NULL)
		return refuse(reading, "contains a zero byte") ? NULL : buffer;
	size_t blank = 0;
	while (blank < len && (from[blank] == ' ' || from[blank] == '\t'))
		blank++;
	if (is_foreign_section(from + blank, len - blank))
		return refuse_section(reading, from + blank, len - blank);
	if (blank < len && (from[blank] == ';' || from[blank] == '#'))
		len = blank; /* comments may have any length */
	if (len - blank + 2 > (size_t)size)
		return refuse(reading, "line too long") ? NULL : buffer;
	memcpy(buffer, from + blank, len - blank);
	(void)strcpy(buffer + len - blank, "\n");
	return buffer;
}

static int take_pair(void *user, const char *section, const char *name, const char *value)
{
	struct reading *reading = user;
	if (reading->st)
		return 0;
	(void)section; /* next_line has refused all but [walship] */
	struct ini_line line = {reading->line, name, value == NULL ? "" : value};
	reading->st = reading->take(reading->arg, &line, reading->err);
	return reading->st == STATUS_OK;
}

enum status ini_parse_lines(const struct ini_file *file, ini_line_fn take, void *arg, struct error *err)
{
	struct reading reading = {
	    .file = file, .take = take, .arg = arg, .err = err, .offset = mark_length(&file->content)};
	int first_bad = ini_parse_stream(next_line, &reading, take_pair, &reading);
	if (!reading.st && first_bad != 0) {
		reading.line = first_bad;
		(void)refuse(&reading, "neither 'name = value' nor a comment");
	}
	return reading.st;
}

void ini_file_fini(struct ini_file *file)
{
	secret_fini(&file->content);
}
