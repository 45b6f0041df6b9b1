#include "sys/newfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/random.h"
#include "sys/open_beneath.h"
#include "sys/output.h"
#include "text/hex.h"

/* musl lacks the function, and versions that have it define the flag too. */
#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
static int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
}
#endif

#define TEMP_PREFIX ".walship-"
#define TEMP_SUFFIX ".tmp"
#define TEMP_DIGITS 16
#define TEMP_AGE_S (24 * 3600)

/* Links an O_TMPFILE through /proc: linkat's AT_EMPTY_PATH would need a capability. */
static void proc_path(char out[64], int fd)
{
	(void)snprintf(out, 64, "/proc/self/fd/%d", fd);
}

static enum status choose_temp_name(struct newfile *file, struct error *err)
{
	uint8_t bits[TEMP_DIGITS / 2];
	char digits[TEMP_DIGITS + 1];
	enum status st = random_fill(&system_random, bits, sizeof bits, err);
	if (st)
		return st;
	hex_encode(digits, bits, sizeof bits);
	(void)snprintf(file->temp, sizeof file->temp, TEMP_PREFIX "%s" TEMP_SUFFIX, digits);
	return STATUS_OK;
}

static bool is_temp_name(const char *name)
{
	size_t prefix = strlen(TEMP_PREFIX);
	return strncmp(name, TEMP_PREFIX, prefix) == 0 && strspn(name + prefix, "0123456789abcdef") == TEMP_DIGITS &&
	       strcmp(name + prefix + TEMP_DIGITS, TEMP_SUFFIX) == 0;
}

void newfile_sweep(int dir_fd, const char *name, int64_t now_s)
{
	struct stat info;
	if (is_temp_name(name) && fstatat(dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode) &&
	    info.st_uid == geteuid() && now_s - info.st_mtime > TEMP_AGE_S)
		(void)unlinkat(dir_fd, name, 0);
}

/* Sweeps the directory of a file that has just been made: its time is that of the file system's clock. */
static void sweep_around(const struct newfile *file)
{
	struct stat info;
	const struct dirent *entry;
	int fd = openat(file->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(dir_closep) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL)
		fd_closep(&fd);
	else if (fstat(file->fd, &info) == 0)
		while ((entry = readdir(dir)) != NULL)
			newfile_sweep(file->dir_fd, entry->d_name, info.st_mtime);
}

/*
 * Whether this file's turn has come to sweep. One of 256 random names has it, so that a directory of 4096 names costs a
 * file the look at 16.
 */
static bool has_turn(const char *temp)
{
	return strncmp(temp, TEMP_PREFIX "00", strlen(TEMP_PREFIX "00")) == 0;
}

static bool open_unnamed(struct newfile *file, mode_t mode)
{
	char link[64];
	file->fd = openat(file->dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
	if (file->fd < 0)
		return false;
	proc_path(link, file->fd);
	if (access(link, F_OK) == 0)
		return true;
	(void)close(file->fd);
	file->fd = -1;
	errno = EOPNOTSUPP;
	return false;
}

/* Whether O_TMPFILE failed because the file system or the kernel lacks it. */
static bool is_unsupported(int errno_value)
{
	return errno_value == EOPNOTSUPP || errno_value == EISDIR || errno_value == EINVAL || errno_value == ENOSYS;
}

static enum status open_content(struct newfile *file, const char *path, mode_t mode, struct error *err)
{
	if (open_unnamed(file, mode))
		return STATUS_OK;
	if (is_unsupported(errno)) {
		enum status st = choose_temp_name(file, err);
		if (st)
			return st;
		file->fd = openat(file->dir_fd, file->temp, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, mode);
		if (file->fd >= 0) {
			if (has_turn(file->temp))
				sweep_around(file);
			return STATUS_OK;
		}
	}
	file->temp[0] = '\0';
	return error_errno(err, STATUS_LOCAL, errno, "create a file for %s", path);
}

/* Splits the path: dir receives "" where path has no '/', and file->name the last part. */
static enum status split(struct newfile *file, const char *path, char dir[PATH_MAX], struct error *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	size_t dir_len = slash == NULL ? 0 : (size_t)(slash - path);
	if (name[0] == '\0' || strlen(name) > NAME_MAX || dir_len >= PATH_MAX)
		return error_set(err, STATUS_LOCAL, "%s is not a valid file name", path);
	memcpy(dir, path, dir_len);
	dir[dir_len] = '\0';
	(void)strcpy(file->name, name);
	return STATUS_OK;
}

/* file->dir_fd is that of dir, or -1 with errno. */
static enum status begin(struct newfile *file, const char *path, const char *dir, mode_t mode, struct error *err)
{
	if (file->dir_fd < 0)
		return error_errno(err, errno == ENOENT ? STATUS_MISSING : STATUS_LOCAL, errno, "open directory %s",
				   dir);
	file->open = true;
	enum status st = open_content(file, path, mode, err);
	if (st) {
		int errno_value = errno;
		newfile_fini(file);
		errno = errno_value;
	}
	return st;
}

enum status newfile_open(struct newfile *file, const char *path, mode_t mode, struct error *err)
{
	char dir[PATH_MAX];
	dir[0] = '\0';
	*file = (struct newfile){.dir_fd = -1, .fd = -1};
	enum status st = split(file, path, dir, err);
	if (st)
		return st;
	if (dir[0] == '\0')
		(void)strcpy(dir, path[0] == '/' ? "/" : ".");
	file->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return begin(file, path, dir, mode, err);
}

enum status newfile_open_beneath(struct newfile *file, int directory, const char *path, mode_t mode, struct error *err)
{
	char dir[PATH_MAX];
	dir[0] = '\0';
	*file = (struct newfile){.dir_fd = -1, .fd = -1};
	enum status st = split(file, path, dir, err);
	if (st)
		return st;
	file->dir_fd = open_beneath(directory, dir, O_RDONLY | O_DIRECTORY, 0);
	return begin(file, path, dir[0] == '\0' ? "." : dir, mode, err);
}

enum status newfile_write(struct newfile *file, const void *data, size_t len, struct error *err)
{
	enum status st = output_write(file->fd, file->name, data, len, err);
	file->failed |= st != STATUS_OK;
	return st;
}

enum status dir_sync(int dir_fd, const char *path, struct error *err)
{
	if (fsync(dir_fd) != 0 && errno != EINVAL && errno != EBADF)
		return error_errno(err, STATUS_LOCAL, errno, "fsync %s", path);
	return STATUS_OK;
}

/* Links the content to a further name unless that is taken. Returns 0, or -1 and errno. */
static int link_as(const struct newfile *file, const char *name)
{
	char link[64];
	if (file->temp[0] != '\0')
		return linkat(file->dir_fd, file->temp, file->dir_fd, name, 0);
	proc_path(link, file->fd);
	return linkat(AT_FDCWD, link, file->dir_fd, name, AT_SYMLINK_FOLLOW);
}

/* Returns 0, or -1 and errno: EOPNOTSUPP when the file system can do neither. */
static int publish(struct newfile *file)
{
	if (link_as(file, file->name) == 0)
		return 0;
	if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS)
		return -1;
	/* A file system without hard links can still rename a file that has a name, without replacing another. */
	errno = EINVAL;
	if (file->temp[0] != '\0' &&
	    renameat2(file->dir_fd, file->temp, file->dir_fd, file->name, RENAME_NOREPLACE) == 0) {
		file->temp[0] = '\0';
		return 0;
	}
	if (errno == EINVAL || errno == ENOSYS)
		errno = EOPNOTSUPP;
	return -1;
}

enum status newfile_create(struct newfile *file, struct error *err)
{
	if (fsync(file->fd) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "fsync %s", file->name);
	if (publish(file) != 0) {
		if (errno == EEXIST)
			return error_set(err, STATUS_EXISTS, "%s exists", file->name);
		return error_errno(err, STATUS_LOCAL, errno, "create %s", file->name);
	}
	return dir_sync(file->dir_fd, file->name, err);
}

/* Closing any descriptor of the file reports pending errors. */
enum status newfile_check_writes(struct newfile *file, struct error *err)
{
	int second = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
	file->failed |= second < 0 || close(second) != 0;
	if (file->failed)
		return error_errno(err, STATUS_LOCAL, errno, "write %s", file->name);
	return STATUS_OK;
}

enum status newfile_replace(struct newfile *file, struct error *err)
{
	if (file->temp[0] == '\0') {
		if (link_as(file, file->name) == 0)
			return STATUS_OK;
		/* Only a rename can replace a file, and a rename needs a temporary name. */
		enum status st = errno == EEXIST ? choose_temp_name(file, err) : STATUS_OK;
		if (st)
			return st;
		char temp[sizeof file->temp];
		(void)strcpy(temp, file->temp);
		file->temp[0] = '\0';
		if (temp[0] == '\0' || link_as(file, temp) != 0)
			return error_errno(err, STATUS_LOCAL, errno, "create %s", file->name);
		(void)strcpy(file->temp, temp);
	}
	if (renameat(file->dir_fd, file->temp, file->dir_fd, file->name) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "rename to %s", file->name);
	file->temp[0] = '\0';
	return STATUS_OK;
}

enum status newfile_replace_durably(struct newfile *file, struct error *err)
{
	if (fsync(file->fd) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "fsync %s", file->name);
	enum status st = newfile_replace(file, err);
	return st ? st : dir_sync(file->dir_fd, file->name, err);
}

enum status newfile_put(const char *path, const void *data, size_t len, struct error *err)
{
	struct newfile file = {0};
	enum status st = newfile_open(&file, path, S_IRUSR | S_IWUSR, err);
	if (!st)
		st = newfile_write(&file, data, len, err);
	if (!st)
		st = newfile_replace(&file, err);
	newfile_fini(&file);
	return st;
}

enum status newfile_publish(const char *path, mode_t mode, const void *data, size_t len, struct error *err)
{
	struct newfile file = {0};
	enum status st = newfile_open(&file, path, mode, err);
	if (!st)
		st = newfile_write(&file, data, len, err);
	if (!st && fchmod(file.fd, mode) != 0)
		st = error_errno(err, STATUS_LOCAL, errno, "chmod");
	if (!st)
		st = newfile_check_writes(&file, err);
	if (!st)
		st = newfile_replace(&file, err);
	newfile_fini(&file);
	if (!st)
		return STATUS_OK;
	st = st == STATUS_MISSING ? STATUS_LOCAL : st;
	return error_hint(err, st, "its directory must exist and be writable by user id %u, which runs this command",
			  (unsigned)geteuid());
}

void newfile_fini(struct newfile *file)
{
	if (file->open) {
		if (file->temp[0] != '\0')
			(void)unlinkat(file->dir_fd, file->temp, 0);
		if (file->fd >= 0)
			(void)close(file->fd);
		(void)close(file->dir_fd);
	}
	*file = (struct newfile){0};
}
