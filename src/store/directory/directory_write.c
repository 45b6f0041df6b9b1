#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "store/directory/directory_private.h"
#include "sys/newfile.h"

struct writer {
	struct sink sink;
	const struct directory *directory;
	const struct call *call;
	struct newfile file;
	char path[PATH_MAX];
};

static enum status writer_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct writer *writer = (struct writer *)sink;
	enum status st = directory_check_deadline(writer->call, "write", writer->path, err);
	if (st)
		return st;
	st = newfile_write(&writer->file, data, len, err);
	return st ? directory_error(err, errno, "write", writer->path) : STATUS_OK;
}

static enum status sync_path(const char *path, int flags, struct error *err)
{
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
	if (fd >= 0)
		return dir_sync(fd, path, err);
	int errno_value = errno;
	enum status st = errno_value == ENOENT ? directory_link_check(path, err) : STATUS_OK;
	return st ? st : directory_error(err, errno_value, "open", path);
}

enum status directory_sync(const char *path, struct error *err)
{
	return sync_path(path[0] == '\0' ? "/" : path, O_DIRECTORY, err);
}

/* Syncs every directory from the object's up to the root: the process that created one may have crashed before that. */
static enum status sync_dirs(const struct directory *directory, const char *object_path, struct error *err)
{
	char path[PATH_MAX];
	(void)strcpy(path, object_path);
	enum status st = STATUS_OK;
	while (!st && strlen(path) > strlen(directory->root)) {
		*strrchr(path, '/') = '\0';
		st = directory_sync(path, err);
	}
	return st;
}

/*
 * The name exists. If its content matches, the caller reports success, so the object must be durable. Its writer may
 * have been killed before syncing it.
 */
static enum status exists(const struct directory *directory, const char *path, struct error *err)
{
	enum status st = sync_path(path, O_NONBLOCK, err);
	if (!st)
		st = sync_dirs(directory, path, err);
	return st ? st : error_set(err, STATUS_EXISTS, "file://%s exists", path);
}

static enum status writer_finish(struct sink *sink, struct error *err)
{
	struct writer *writer = (struct writer *)sink;
	enum status st = newfile_create(&writer->file, err);
	if (st == STATUS_EXISTS)
		return exists(writer->directory, writer->path, err);
	if (st)
		return directory_error(err, errno, "write", writer->path);
	st = sync_dirs(writer->directory, writer->path, err);
	/* The repository went away while the object was written. */
	struct stat info;
	if (st && stat(writer->directory->root, &info) != 0)
		return directory_no_root(writer->directory, errno, err);
	return st;
}

static void writer_free(struct sink *sink)
{
	struct writer *writer = (struct writer *)sink;
	newfile_fini(&writer->file);
	free(writer);
}

static const struct sink_ops writer_ops = {writer_write, writer_finish, writer_free};

/*
 * Gives what root makes to the owner of the directory in which it lies, who could not use it otherwise. Not to the
 * owner of the repository: a link may lead into a directory of somebody else, and the repository's owner must not get
 * a file there by root's hand. rights: what the owner needs, whatever root's umask is.
 */
static enum status give_to_owner(int dir_fd, int fd, mode_t rights, const char *path, struct error *err)
{
	struct stat dir, info;
	if (geteuid() != 0)
		return STATUS_OK;
	if (fstat(dir_fd, &dir) != 0 || fstat(fd, &info) != 0)
		return directory_error(err, errno, "look at", path);
	if ((info.st_uid != dir.st_uid || info.st_gid != dir.st_gid) && fchown(fd, dir.st_uid, dir.st_gid) != 0)
		return directory_error(err, errno, "give to the directory's owner", path);
	if ((info.st_mode & rights) != rights && fchmod(fd, (info.st_mode & 07777) | rights) != 0)
		return directory_error(err, errno, "set the mode of", path);
	return STATUS_OK;
}

/* By descriptors, so that nobody who may rename directories meanwhile makes root give away another one. */
static enum status make_dir(const char *path, struct error *err)
{
	char above[PATH_MAX];
	const char *name = strrchr(path, '/') + 1;
	(void)snprintf(above, sizeof above, "%.*s", (int)(name - path), path);
	CLEANUP(fd_closep) int dir_fd = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return directory_error(err, errno, "open", above);
	if (mkdirat(dir_fd, name, 0750) != 0)
		return errno == EEXIST ? STATUS_OK : directory_error(err, errno, "mkdir", path);
	CLEANUP(fd_closep) int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	enum status st =
	    fd < 0 ? directory_error(err, errno, "open", path) : give_to_owner(dir_fd, fd, S_IRWXU, path, err);
	if (st)
		(void)unlinkat(dir_fd, name, AT_REMOVEDIR);
	return st;
}

/* Creates the missing directories of path below the root, but not the root. */
static enum status make_dirs(const struct directory *directory, const char *path, struct error *err)
{
	char dir[PATH_MAX];
	enum status st = directory_way_check(directory, path, err);
	if (st)
		return st;
	(void)strcpy(dir, path);
	char *slash = dir + strlen(directory->root);
	while (!st && (slash = strchr(slash + 1, '/')) != NULL) {
		*slash = '\0';
		st = make_dir(dir, err);
		*slash = '/';
	}
	return st;
}

static enum status open_new(const struct directory *directory, struct writer *writer, struct error *err)
{
	/* Report an existing name before the caller produces the content. */
	if (access(writer->path, F_OK) == 0)
		return exists(directory, writer->path, err);
	enum status st = newfile_open(&writer->file, writer->path, 0640, err);
	if (st == STATUS_MISSING) {
		st = make_dirs(directory, writer->path, err);
		if (st)
			return st;
		st = newfile_open(&writer->file, writer->path, 0640, err);
	}
	return st ? directory_error(err, errno, "create", writer->path)
		  : give_to_owner(writer->file.dir_fd, writer->file.fd, S_IRUSR | S_IWUSR, writer->path, err);
}

enum status directory_create(struct store *store, const struct call *call, const char *name, struct sink **out,
			     struct error *err)
{
	struct directory *directory = (struct directory *)store;
	struct writer *writer = calloc(1, sizeof *writer);
	if (writer == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	writer->sink.ops = &writer_ops;
	writer->directory = directory;
	writer->call = call;
	enum status st = directory_path(directory, name, writer->path, err);
	if (!st)
		st = open_new(directory, writer, err);
	if (st) {
		writer_free(&writer->sink);
		return st;
	}
	*out = &writer->sink;
	return STATUS_OK;
}
