#include "sys/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "sys/read_file.h"

enum status secret_set(struct secret *secret, const void *data, size_t len, struct error *err)
{
	char *copy = malloc(len + 1);
	if (copy == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory for %zu bytes", len);
	memcpy(copy, data, len);
	copy[len] = '\0';
	secret_fini(secret);
	*secret = (struct secret){.data = copy, .len = len};
	return STATUS_OK;
}

/* Checks that only the owner and root can access the file. */
static enum status check_private(const struct stat *info, const char *path, struct error *err)
{
	/* root can read everything, and also runs walship on the server user's files. */
	if (geteuid() != 0 && info->st_uid != geteuid() && info->st_uid != 0) {
		(void)error_set(err, STATUS_USAGE, "%s belongs to user %u, not to this user or root", path,
				(unsigned)info->st_uid);
		return error_hint(
		    err, STATUS_USAGE,
		    "chown it to the user that runs walship; for a container's secret, set secret-files = any");
	}
	mode_t too_much = info->st_uid == 0 ? 0027 : 0077;
	if ((info->st_mode & too_much) != 0) {
		(void)error_set(err, STATUS_USAGE, "%s is readable by other users (mode %04o)", path,
				(unsigned)info->st_mode & 07777);
		return error_hint(err, STATUS_USAGE,
				  "chmod 600 %s, or 640 if root owns it; for a secret that only a container sees "
				  "(Docker, Kubernetes), set secret-files = any",
				  path);
	}
	return STATUS_OK;
}

/* Anyone who can write the file chooses the key. */
static enum status check_not_writable(const struct stat *info, const char *path, struct error *err)
{
	if ((info->st_mode & 0002) == 0)
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "%s is writable by other users (mode %04o)", path,
			(unsigned)info->st_mode & 07777);
	return error_hint(err, STATUS_USAGE, "chmod o-w %s", path);
}

static enum status check_any(const struct stat *info, const char *path, struct error *err)
{
	(void)info, (void)path, (void)err;
	return STATUS_OK;
}

/* Three causes get their own hint. */
static enum status cannot_open(const char *path, int code, struct error *err)
{
	(void)error_errno(err, STATUS_USAGE, code, "open %s", path);
	if (code == EACCES)
		return error_hint(err, STATUS_USAGE,
				  "user id %u, which runs walship, must be able to read it: check owner and mode of "
				  "the file and of the directories above it",
				  (unsigned)geteuid());
	if (path[0] == '"' || path[0] == '\'')
		return error_hint(err, STATUS_USAGE, "write the path without quotes: they become part of it");
	if (path[0] != '/')
		return error_hint(err, STATUS_USAGE, SECRET_PATH_HINT);
	return STATUS_USAGE;
}

typedef enum status (*check_fn)(const struct stat *info, const char *path, struct error *err);

static enum status read_file(struct secret *secret, const char *path, check_fn check, struct error *err)
{
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat info;
	if (fd < 0 || fstat(fd, &info) != 0)
		return cannot_open(path, errno, err);
	if (!S_ISREG(info.st_mode))
		return error_hint(err, error_set(err, STATUS_USAGE, "%s is not a regular file", path),
				  "Docker creates a directory when the file to mount does not exist");
	enum status st = check(&info, path, err);
	if (st)
		return st;
	if (info.st_size > SECRET_FILE_MAX)
		return error_set(err, STATUS_USAGE, "%s is larger than %d bytes", path, SECRET_FILE_MAX);

	char content[SECRET_FILE_MAX];
	ssize_t got = read_file_open(fd, content, sizeof content);
	if (got < 0)
		st = error_errno(err, STATUS_USAGE, errno, "read %s", path);
	else
		st = secret_set(secret, content, (size_t)got, err);
	explicit_bzero(content, sizeof content);
	return st;
}

enum status secret_read_file(struct secret *secret, const char *path, struct error *err)
{
	return read_file(secret, path, check_private, err);
}

enum status secret_read_file_by(enum secret_files rule, struct secret *secret, const char *path, struct error *err)
{
	return read_file(secret, path, rule == SECRET_FILES_ANY ? check_not_writable : check_private, err);
}

enum status secret_read_file_unchecked(struct secret *secret, const char *path, struct error *err)
{
	return read_file(secret, path, check_any, err);
}

void secret_chomp(struct secret *secret)
{
	if (secret->len > 0 && secret->data[secret->len - 1] == '\n')
		secret->data[--secret->len] = '\0';
	if (secret->len > 0 && secret->data[secret->len - 1] == '\r')
		secret->data[--secret->len] = '\0';
}

void secret_fini(struct secret *secret)
{
	if (secret->data != NULL)
		explicit_bzero(secret->data, secret->len);
	free(secret->data);
	*secret = (struct secret){0};
}

enum status secret_read_value(enum secret_files rule, struct secret *secret, const char *option, const char *path,
			      struct error *err)
{
	enum status st = secret_read_file_by(rule, secret, path, err);
	if (st) {
		(void)error_hint(
		    err, st,
		    "the file must contain only the value, and only this user (or root) may be able to read it");
		return error_wrap(err, st, "%s", option);
	}
	secret_chomp(secret);
	if (secret->len > 0)
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "%s: %s is empty", option, path);
	return error_hint(err, STATUS_USAGE, "the file must contain only the value, on one line");
}
