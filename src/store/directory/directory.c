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

#define CHUNK (64 * 1024)

enum status directory_path(const struct directory *directory, const char *name, char out[PATH_MAX], struct error *err)
{
	enum status st = object_name_check(name, err);
	if (!st && (size_t)snprintf(out, PATH_MAX, "%s/%s", directory->root, name) >= PATH_MAX)
		st = error_set(err, STATUS_USAGE, "path too long: %.64s...", directory->root);
	return st;
}

/*
 * STATUS_MISSING only if the root and the first directory of the object's name exist, and no link on the way leads to a
 * disk that is not mounted.
 */
static enum status judge_absence(const struct directory *directory, const char *name, const char *path,
				 struct error *err)
{
	char first[PATH_MAX];
	struct stat info;
	enum status st = directory_way_check(directory, path, err);
	if (st)
		return st;
	size_t len = strcspn(name, "/");
	(void)strcpy(first, path);
	first[strlen(directory->root) + 1 + len] = '\0';
	if (name[len] == '\0' || stat(first, &info) == 0)
		return error_set(err, STATUS_MISSING, "no file://%s", path);
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
	return errno == ENOENT ? judge_absence(directory, name, path, err) : directory_error(err, errno, "open", path);
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
		return directory_in_place(err, path);
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

static enum status directory_examine(struct store *store, const struct call *call, const char *prefix,
				     struct error *err)
{
	return directory_examine_below(((struct directory *)store)->root, call, prefix, err);
}

static void directory_free(struct store *store)
{
	free(store);
}

static const struct store_ops directory_ops = {
    .abilities = STORE_CREATES_ONCE | STORE_PROVES_RANGES | STORE_REMOVES_MANY | STORE_LISTS_LEVELS |
		 STORE_SPLITS_OBJECTS | STORE_REACHES | STORE_EXAMINES,
    .create = directory_create,
    .read = directory_read,
    .read_ranges = directory_read_ranges,
    .stat = directory_stat,
    .list = directory_list,
    .list_level = directory_list_level,
    .remove = directory_remove,
    .reach = directory_reach,
    .examine = directory_examine,
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
	(void)strcpy(directory->root, strcmp(root, "/") == 0 ? "" : root);
	*out = &directory->store;
	return STATUS_OK;
}
