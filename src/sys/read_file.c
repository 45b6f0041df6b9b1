#include "sys/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Reads until out holds enough bytes, or the file ends. offset -1: from the file's own position. */
static ssize_t read_until(int fd, char *out, size_t size, size_t enough, off_t offset)
{
	size_t len = 0;
	while (len < enough) {
		ssize_t got = offset < 0 ? read(fd, out + len, size - len)
					 : pread(fd, out + len, size - len, offset + (off_t)len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		len += (size_t)got;
	}
	return (ssize_t)len;
}

ssize_t read_file_open(int fd, void *out, size_t size)
{
	return read_until(fd, out, size, size, -1);
}

ssize_t read_file_at(int fd, void *out, size_t size, uint64_t offset)
{
	return read_until(fd, out, size, size, (off_t)offset);
}

static int open_plain(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

enum status read_file_text(const char *path, char *out, size_t size, struct error *err)
{
	out[0] = '\0';
	CLEANUP(fd_closep) int fd = open_plain(path);
	if (fd < 0)
		return error_errno(err, errno == ENOENT ? STATUS_MISSING : STATUS_LOCAL, errno, "open %s", path);
	ssize_t got = read_until(fd, out, size, size, -1);
	out[got > 0 && (size_t)got < size ? got : 0] = '\0';
	if (got < 0)
		return error_errno(err, STATUS_LOCAL, errno, "read %s", path);
	if ((size_t)got == size)
		return error_set(err, STATUS_LOCAL, "%s is larger than %zu bytes", path, size - 1);
	return STATUS_OK;
}

enum status read_file_whole(const char *path, size_t most, char **out, struct error *err)
{
	struct stat info;
	*out = NULL;
	CLEANUP(fd_closep) int fd = open_plain(path);
	if (fd < 0 || fstat(fd, &info) != 0)
		return error_errno(err, errno == ENOENT ? STATUS_MISSING : STATUS_LOCAL, errno, "open %s", path);
	if (info.st_size > (off_t)most)
		return error_set(err, STATUS_DAMAGED, "%s is larger than %zu bytes", path, most);
	size_t size = (size_t)info.st_size;
	CLEANUP(freep) char *text = malloc(size + 1);
	if (text == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory for %s", path);
	ssize_t got = read_until(fd, text, size, size, -1);
	if (got < 0)
		return error_errno(err, STATUS_LOCAL, errno, "read %s", path);
	text[got] = '\0';
	*out = text;
	text = NULL;
	return STATUS_OK;
}

bool read_file_says(const char *path, const char *text, size_t len)
{
	char found[READ_FILE_EXPECTED_MAX + 1];
	CLEANUP(fd_closep) int fd = open_plain(path);
	/* The room for one more byte detects a file that is longer. */
	size_t enough = len > 0 ? len : 1;
	return fd >= 0 && len <= READ_FILE_EXPECTED_MAX && read_until(fd, found, len + 1, enough, -1) == (ssize_t)len &&
	       memcmp(found, text, len) == 0;
}
