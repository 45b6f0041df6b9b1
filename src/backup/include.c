#include "backup/include.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pg/data/tree_rules.h"

#define PREFIX INCLUDE_DIRECTORY "/"

struct walk {
	const char *base; /* the path that is walked */
	tree_fn each;
	void *arg;
	char path[PATH_MAX]; /* of the current entry in the index */
};

static int compare(const void *one, const void *other)
{
	return tree_compare(*(const char *const *)one, *(const char *const *)other);
}

/* The readers of an index refuse other paths, and with them the whole backup. */
static bool is_plain(const char *path)
{
	const char *last = strrchr(path, '/');
	return path[0] == '/' && strstr(path, "//") == NULL && strstr(path, "/./") == NULL &&
	       strstr(path, "/../") == NULL && last[1] != '\0' && strcmp(last, "/.") != 0 && strcmp(last, "/..") != 0 &&
	       strlen(path) + sizeof PREFIX < PATH_MAX - NAME_MAX;
}

static bool lies_in(const char *path, const char *other)
{
	size_t len = strlen(other);
	return strncmp(path, other, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

static enum status check(const char *path, struct error *err)
{
	struct stat info;
	if (!is_plain(path))
		return error_set(err, STATUS_USAGE, "backup-include: %s is not a plain absolute path", path);
	if (stat(path, &info) != 0)
		return error_errno(err, STATUS_USAGE, errno, "backup-include: %s", path);
	if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))
		return error_set(err, STATUS_USAGE, "backup-include: %s is neither a file nor a directory", path);
	return STATUS_OK;
}

enum status include_init(struct include *out, const char *const *paths, size_t count, struct error *err)
{
	enum status st = STATUS_OK;
	*out = (struct include){.paths = calloc(count + 1, sizeof *out->paths)};
	if (out->paths == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	for (size_t i = 0; !st && i < count; i++) {
		st = check(paths[i], err);
		out->paths[i] = paths[i];
	}
	if (st)
		return st;
	qsort(out->paths, count, sizeof *out->paths, compare);
	for (size_t i = 0; i < count; i++)
		if (out->count == 0 || !lies_in(out->paths[i], out->paths[out->count - 1]))
			out->paths[out->count++] = out->paths[i];
	return STATUS_OK;
}

void include_fini(struct include *include)
{
	free(include->paths);
	*include = (struct include){0};
}

/* Passes an entry on under its path in the index. */
static enum status pass(struct walk *walk, struct tree_entry *entry, struct error *err)
{
	entry->path = walk->path;
	entry->has_checksums = false;
	return walk->each(walk->arg, entry, err);
}

static enum status pass_below(void *arg, const struct tree_entry *entry, struct error *err)
{
	struct walk *walk = arg;
	struct tree_entry own = *entry;
	if ((size_t)snprintf(walk->path, sizeof walk->path, PREFIX "%s/%s", walk->base + 1, entry->path) >=
	    sizeof walk->path)
		return error_set(err, STATUS_LOCAL, "path too long: %.64s...", walk->path);
	return pass(walk, &own, err);
}

/* The entry of the first len bytes of a path. */
static enum status pass_place(struct walk *walk, const char *path, size_t len, bool *is_directory, struct error *err)
{
	char place[PATH_MAX];
	struct tree_entry entry = {0};
	(void)snprintf(place, sizeof place, "%.*s", (int)len, path);
	if ((size_t)snprintf(walk->path, sizeof walk->path, PREFIX "%s", place + 1) >= sizeof walk->path)
		return error_set(err, STATUS_LOCAL, "path too long: %.64s...", place);
	if (stat(place, &entry.info) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "look at %s", place);
	entry.is_directory = *is_directory = S_ISDIR(entry.info.st_mode);
	return pass(walk, &entry, err);
}

/* The directories above a path, but for those that the path before it has passed on. */
static enum status pass_parents(struct walk *walk, const char *path, const char *before, struct error *err)
{
	enum status st = STATUS_OK;
	for (const char *slash = strchr(path + 1, '/'); !st && slash != NULL; slash = strchr(slash + 1, '/')) {
		size_t len = (size_t)(slash - path);
		bool is_directory, is_passed = before != NULL && strncmp(path, before, len + 1) == 0;
		if (!is_passed)
			st = pass_place(walk, path, len, &is_directory, err);
	}
	return st;
}

static enum status pass_root(struct walk *walk, struct error *err)
{
	struct tree_entry entry = {.is_directory = true};
	entry.info.st_mode = S_IFDIR | 0700;
	(void)strcpy(walk->path, INCLUDE_DIRECTORY);
	return pass(walk, &entry, err);
}

enum status include_walk(const struct include *include, const struct log *log, tree_fn each, void *arg,
			 struct error *err)
{
	struct walk walk = {.each = each, .arg = arg};
	enum status st = include->count == 0 ? STATUS_OK : pass_root(&walk, err);
	for (size_t i = 0; !st && i < include->count; i++) {
		bool is_directory = false;
		walk.base = include->paths[i];
		st = pass_parents(&walk, walk.base, i == 0 ? NULL : include->paths[i - 1], err);
		if (!st)
			st = pass_place(&walk, walk.base, strlen(walk.base), &is_directory, err);
		const struct tree_options options = {.data_directory = walk.base, .tablespace_version = "", .log = log};
		if (!st && is_directory)
			st = tree_walk(&options, pass_below, &walk, err);
	}
	return st;
}

const char *include_place(const char *path)
{
	return strncmp(path, PREFIX, sizeof PREFIX - 1) == 0 ? path + sizeof PREFIX - 2 : path;
}
