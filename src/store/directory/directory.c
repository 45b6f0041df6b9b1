#include "store/directory/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "store/directory/directory_list.h"
#include "store/directory/directory_private.h"
#include "store/object_name.h"
#include "sys/newfile.h"

#define CHUNK (128 * 1024)

enum status directory_path(const struct directory *directory, const char *name, char out[PATH_MAX], struct error *err)
{
	enum status st = object_name_check(name, err);
	if (!st && (size_t)snprintf(out, PATH_MAX, "%s/%s", directory->root, name) >= PATH_MAX)
		st = error_set(err, STATUS_USAGE, "path too long: %.64s...", directory->root);
	return st;
}

/* walship creates directories only above objects, never in place of one. */
static enum status is_a_dir(struct error *err, const char *path)
{
	(void)error_set(err, STATUS_DAMAGED, "file://%s is a directory, but walship expects an object", path);
	return error_hint(err, STATUS_DAMAGED,
			  "walship did not create this directory: check its content and move it away");
}

enum status directory_error(struct error *err, int errno_value, const char *verb, const char *path)
{
	enum status st =
	    errno_value == ESTALE || errno_value == ETIMEDOUT || errno_value == EHOSTDOWN || errno_value == ENOTCONN
		? STATUS_UNREACHABLE
		: STATUS_LOCAL;
	/* Opening a directory for reading succeeds; reading it fails. */
	if (errno_value == EISDIR && strcmp(verb, "read") == 0)
		return is_a_dir(err, path);
	(void)error_errno(err, st, errno_value, "%s file://%s", verb, path);
	if (errno_value == ENOSPC || errno_value == EDQUOT)
		return error_hint(err, st,
				  "the repository's disk is full: free space there; PostgreSQL retries by itself");
	if (errno_value == EROFS)
		return error_hint(err, st,
				  "the file system is read-only: check its mount options, and dmesg for disk errors");
	if (errno_value == EACCES || errno_value == EPERM)
		return error_hint(err, st,
				  "user id %u must be able to read and write there: check owner and mode as that user",
				  (unsigned)geteuid());
	return st;
}

enum status directory_no_root(const struct directory *directory, int errno_value, struct error *err)
{
	(void)error_errno(err, STATUS_UNREACHABLE, errno_value, "repository file://%s", directory->root);
	return error_hint(err, STATUS_UNREACHABLE,
			  "if the disk is not mounted, mount the disk; if the repository is new, run mkdir -m 700 %s",
			  directory->root);
}

/*
 * Writing.
 */

struct writer {
	struct sink sink;
	const struct directory *directory;
	const struct call *call;
	struct newfile file;
	char path[PATH_MAX];
};

enum status directory_check_deadline(const struct call *call, const char *verb, const char *path, struct error *err)
{
	if (call_left_ms(call) > 0)
		return STATUS_OK;
	(void)error_set(err, STATUS_UNREACHABLE, "%s file://%s: timed out", verb, path);
	return error_hint(err, STATUS_UNREACHABLE, "the repository's disk is slow; see push-timeout and fetch-timeout");
}

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
	if (fd < 0)
		return directory_error(err, errno, "open", path);
	return dir_sync(fd, path, err);
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
	return sync_dirs(writer->directory, writer->path, err);
}

static void writer_free(struct sink *sink)
{
	struct writer *writer = (struct writer *)sink;
	newfile_fini(&writer->file);
	free(writer);
}

static const struct sink_ops writer_ops = {writer_write, writer_finish, writer_free};

/* Creates the missing directories of path below the root, but not the root. */
static enum status make_dirs(const struct directory *directory, const char *path, struct error *err)
{
	char dir[PATH_MAX];
	struct stat info;
	if (stat(directory->root, &info) != 0)
		return directory_no_root(directory, errno, err);
	(void)strcpy(dir, path);
	char *slash = dir + strlen(directory->root);
	while ((slash = strchr(slash + 1, '/')) != NULL) {
		*slash = '\0';
		if (mkdir(dir, 0750) != 0 && errno != EEXIST)
			return directory_error(err, errno, "mkdir", dir);
		*slash = '/';
	}
	return STATUS_OK;
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
	return st ? directory_error(err, errno, "create", writer->path) : STATUS_OK;
}

static enum status directory_create(struct store *store, const struct call *call, const char *name, struct sink **out,
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

/*
 * Reading.
 */

/* STATUS_MISSING only if the root and the first directory of the object's name exist. */
static enum status judge_absence(const struct directory *directory, const char *name, struct error *err)
{
	char first[PATH_MAX];
	struct stat info;
	if (stat(directory->root, &info) != 0)
		return directory_no_root(directory, errno, err);
	size_t len = strcspn(name, "/");
	if (name[len] == '\0')
		return error_set(err, STATUS_MISSING, "no file://%s/%s", directory->root, name);
	enum status st = directory_path(directory, name, first, err);
	if (st)
		return st;
	first[strlen(directory->root) + 1 + len] = '\0';
	if (stat(first, &info) == 0)
		return error_set(err, STATUS_MISSING, "no file://%s/%s", directory->root, name);
	if (errno != ENOENT)
		return directory_error(err, errno, "look at", first);
	(void)error_set(err, STATUS_UNREACHABLE, "repository file://%s has no directory %.*s", directory->root,
			(int)len, name);
	return error_hint(
	    err, STATUS_UNREACHABLE,
	    "nothing of this cluster was ever archived there, or its disk is not mounted, or repo is wrong");
}

enum status directory_open(const struct directory *directory, const char *name, char path[PATH_MAX], int *fd,
			   struct error *err)
{
	enum status st = directory_path(directory, name, path, err);
	if (st)
		return st;
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (*fd >= 0)
		return STATUS_OK;
	return errno == ENOENT ? judge_absence(directory, name, err) : directory_error(err, errno, "open", path);
}

static enum status directory_read(struct store *store, const struct call *call, const char *name, struct sink *into,
				  struct error *err)
{
	char path[PATH_MAX];
	CLEANUP(fd_closep) int fd = -1;
	enum status st = directory_open((struct directory *)store, name, path, &fd, err);
	if (st)
		return st;
	CLEANUP(freep) char *chunk = malloc(CHUNK);
	if (chunk == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	for (;;) {
		st = directory_check_deadline(call, "read", path, err);
		if (st)
			return st;
		ssize_t got = read(fd, chunk, CHUNK);
		if (got == 0)
			return STATUS_OK;
		if (got < 0 && errno != EINTR)
			return directory_error(err, errno, "read", path);
		st = got < 0 ? STATUS_OK : sink_write(into, chunk, (size_t)got, err);
		if (st)
			return st;
	}
}

static enum status directory_stat(struct store *store, const struct call *call, const char *name,
				  struct object_info *out, struct error *err)
{
	(void)call;
	char path[PATH_MAX];
	struct stat info;
	CLEANUP(fd_closep) int fd = -1;
	enum status st = directory_open((struct directory *)store, name, path, &fd, err);
	if (st)
		return st;
	if (fstat(fd, &info) != 0)
		return directory_error(err, errno, "look at", path);
	if (S_ISDIR(info.st_mode))
		return is_a_dir(err, path);
	*out = (struct object_info){.name = name, .bytes = (uint64_t)info.st_size, .modified_s = info.st_mtime};
	return STATUS_OK;
}

static enum status list(const struct directory *directory, const struct directory_listing *listing,
			const struct call *call, struct error *err)
{
	struct stat info;
	if (stat(directory->root, &info) != 0)
		return directory_no_root(directory, errno, err);
	return directory_list_below(listing, call, err);
}

static enum status directory_list(struct store *store, const struct call *call, const char *prefix, store_list_fn each,
				  void *arg, struct error *err)
{
	const struct directory *directory = (const struct directory *)store;
	const struct directory_listing listing = {directory->root, prefix, false, each, arg};
	return list(directory, &listing, call, err);
}

static enum status directory_list_level(struct store *store, const struct call *call, const char *prefix,
					store_list_fn each, void *arg, struct error *err)
{
	const struct directory *directory = (const struct directory *)store;
	const struct directory_listing listing = {directory->root, prefix, true, each, arg};
	return list(directory, &listing, call, err);
}

static enum status directory_reach(struct store *store, const struct call *call, int64_t *clock_s, struct error *err)
{
	const struct directory *directory = (struct directory *)store;
	struct stat info;
	(void)call;
	*clock_s = -1;
	return stat(directory->root, &info) == 0 ? STATUS_OK : directory_no_root(directory, errno, err);
}

static void directory_free(struct store *store)
{
	free(store);
}

static const struct store_ops directory_ops = {
    .abilities = STORE_CREATES_ONCE | STORE_PROVES_RANGES | STORE_REMOVES_MANY | STORE_LISTS_LEVELS |
		 STORE_SPLITS_OBJECTS | STORE_REACHES,
    .create = directory_create,
    .read = directory_read,
    .read_ranges = directory_read_ranges,
    .stat = directory_stat,
    .list = directory_list,
    .list_level = directory_list_level,
    .remove = directory_remove,
    .reach = directory_reach,
    .free = directory_free,
};

enum status directory_store_open(const char *root, struct store **out, struct error *err)
{
	if (strlen(root) >= PATH_MAX)
		return error_set(err, STATUS_USAGE, "path too long: %.64s...", root);
	struct directory *directory = calloc(1, sizeof *directory);
	if (directory == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	directory->store.ops = &directory_ops;
	/* "/" is stored as "", so that root + '/' + name is a path. */
	(void)strcpy(directory->root, strcmp(root, "/") == 0 ? "" : root);
	*out = &directory->store;
	return STATUS_OK;
}
