#include "store/directory/directory_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "store/directory/directory_private.h"
#include "store/object_name.h"
#include "sys/newfile.h"

#define BATCH_NAMES 65536 /* about 4 MiB, twice that while reading; walship's own directories have 4096 names */
#define DEPTH_MAX 16      /* four levels are in use */
#define DEPTH_WAL 2       /* of "<system id>/wal", where new directories are made */

struct walk {
	const struct call *call;
	const char *root;
	const char *prefix;
	bool level;         /* without the names behind a further '/' */
	store_list_fn each; /* NULL: check the rights instead */
	void *arg;
	uid_t owner; /* of the root; for rights */
};

/*
 * The names in one directory, in batches of BATCH_NAMES, so that memory does not grow with the directory. The directory
 * is read again for each batch. Names of directories end in '/', so that they sort like the objects below them.
 */
struct names {
	char **items;
	size_t count;
	size_t capacity;
	char after[OBJECT_NAME_MAX]; /* the last name of the previous batch */
	bool cut;                    /* more names follow the last one kept */
};

static void names_drop(struct names *names, size_t keep)
{
	while (names->count > keep)
		free(names->items[--names->count]);
}

static void names_fini(struct names *names)
{
	names_drop(names, 0);
	free(names->items);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts the names and keeps the first BATCH_NAMES. */
static void names_settle(struct names *names)
{
	if (names->count > 0)
		qsort(names->items, names->count, sizeof *names->items, by_name);
	names->cut |= names->count > BATCH_NAMES;
	names_drop(names, BATCH_NAMES);
}

static enum status names_add(struct names *names, const char *name, bool is_dir, struct error *err)
{
	char text[NAME_MAX + 2];
	(void)snprintf(text, sizeof text, "%s%s", name, is_dir ? "/" : "");
	if (strcmp(text, names->after) <= 0 || (names->cut && strcmp(text, names->items[BATCH_NAMES - 1]) > 0))
		return STATUS_OK;
	char **items = array_grow(names->items, names->count, &names->capacity, sizeof *items);
	if (items == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	names->items = items;
	names->items[names->count] = strdup(text);
	if (names->items[names->count] == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	if (++names->count == 2 * BATCH_NAMES)
		names_settle(names);
	return STATUS_OK;
}

/* Adds files, directories and links to them; skips other entries. */
static enum status take_entry(struct names *names, DIR *dir, const char *path, const struct dirent *entry,
			      struct error *err)
{
	struct stat info;
	if (entry->d_type == DT_DIR || entry->d_type == DT_REG)
		return names_add(names, entry->d_name, entry->d_type == DT_DIR, err);
	if (entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN)
		return STATUS_OK;
	/* A broken link may be a directory of a disk that is not mounted: enter() judges it. */
	if (fstatat(dirfd(dir), entry->d_name, &info, 0) != 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
			   ? names_add(names, entry->d_name, true, err)
			   : directory_error(err, errno, "look into", path);
	return S_ISDIR(info.st_mode) || S_ISREG(info.st_mode)
		   ? names_add(names, entry->d_name, S_ISDIR(info.st_mode), err)
		   : STATUS_OK;
}

/* Reads the next batch. */
static enum status read_dir(struct names *names, const char *path, int64_t now_s, struct error *err)
{
	CLEANUP(dir_closep) DIR *dir = opendir(path);
	names_drop(names, 0);
	names->cut = false;
	if (dir == NULL)
		return errno == ENOENT || errno == ENOTDIR ? STATUS_OK : directory_error(err, errno, "open", path);
	struct dirent *entry;
	enum status st = STATUS_OK;
	while (!st && (errno = 0, entry = readdir(dir)) != NULL)
		/* Names with a leading dot are unfinished files. A listing also removes those of killed processes. */
		if (entry->d_name[0] == '.')
			newfile_sweep(dirfd(dir), entry->d_name, now_s);
		else
			st = take_entry(names, dir, path, entry, err);
	if (!st && errno != 0)
		st = directory_error(err, errno, "list", path);
	names_settle(names);
	return st;
}

/* Whether a name, or the names below a directory, can begin with the prefix. */
static bool may_match(const char *name, const char *prefix)
{
	size_t len = strlen(name);
	size_t prefix_len = strlen(prefix);
	bool is_dir = len > 0 && name[len - 1] == '/';
	if (len >= prefix_len || !is_dir)
		return strncmp(name, prefix, prefix_len) == 0;
	return strncmp(name, prefix, len) == 0;
}

/* root can use every file, so root's own rights prove nothing: for root the rights of the repository's owner count. */
static enum status check_owner(const struct walk *walk, const char *path, int mode, struct error *err)
{
	struct stat info;
	if (stat(path, &info) != 0)
		return errno == ENOENT ? STATUS_OK : directory_error(err, errno, "look at", path);
	if (info.st_uid == walk->owner || ((int)info.st_mode & mode) == mode)
		return STATUS_OK;
	(void)error_set(
	    err, STATUS_LOCAL,
	    "permission denied for user id %u, the owner of the repository: file://%s belongs to user id %u",
	    (unsigned)walk->owner, path, (unsigned)info.st_uid);
	return error_hint(err, STATUS_LOCAL, "a program that ran as user id %u made it: chown -R --reference=%s %s",
			  (unsigned)info.st_uid, walk->root, walk->root);
}

/* mode: R_OK, W_OK and X_OK, which are also the bits of a file's mode for others. */
static enum status check_rights(const struct walk *walk, const char *path, int mode, struct error *err)
{
	if (geteuid() == 0)
		return check_owner(walk, path, mode, err);
	if (faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0 || errno == ENOENT)
		return STATUS_OK;
	return directory_error(err, errno, "open", path);
}

static enum status show(const struct walk *walk, const char *name, struct error *err)
{
	char path[PATH_MAX];
	struct stat info;
	if ((size_t)snprintf(path, sizeof path, "%s/%s", walk->root, name) >= sizeof path)
		return error_set(err, STATUS_LOCAL, "path too long below %.64s", walk->root);
	if (walk->each == NULL)
		return check_rights(walk, path, R_OK, err);
	if (stat(path, &info) != 0)
		return errno == ENOENT ? STATUS_OK : directory_error(err, errno, "look at", path);
	struct object_info object = {.name = name, .bytes = (uint64_t)info.st_size, .modified_s = info.st_mtime};
	return walk->each(walk->arg, &object, err);
}

/* A directory on the path from the root to the current position. */
struct place {
	const struct place *above; /* NULL: this is the root */
	int depth;
	dev_t device;
	ino_t inode;
};

/* A directory that was removed meanwhile, or that the prefix alone names, is STATUS_OK; one behind a link is not. */
static enum status unentered(const struct walk *walk, const char *path, int errno_value, struct error *err)
{
	char place[PATH_MAX];
	(void)snprintf(place, sizeof place, "%.*s", (int)strlen(path) - 1, path);
	enum status st = directory_links_check(walk->root, place, err);
	return st || errno_value == ENOENT || errno_value == ENOTDIR ? st
								     : directory_error(err, errno_value, "open", path);
}

/* Refuses symbolic links to a directory above: following them would never end. */
static enum status enter(const struct walk *walk, struct place *place, const char *path, struct error *err)
{
	struct stat info;
	if (stat(path, &info) != 0)
		return unentered(walk, path, errno, err);
	place->device = info.st_dev;
	place->inode = info.st_ino;
	for (const struct place *each = place->above; each != NULL; each = each->above)
		if (each->device == place->device && each->inode == place->inode) {
			(void)error_set(err, STATUS_LOCAL, "the symbolic link %.*s leads back to a directory above it",
					(int)strlen(path) - 1, path);
			return error_hint(err, STATUS_LOCAL,
					  "remove the link: its target is already part of the repository");
		}
	if (place->depth <= DEPTH_MAX)
		return STATUS_OK;
	(void)error_set(err, STATUS_LOCAL, "directories nested too deeply: %s", path);
	return error_hint(err, STATUS_LOCAL, "walship uses four levels: move foreign directories away");
}

static enum status walk_dir(const struct walk *walk, const char *dir, const struct place *above, struct error *err);

static enum status walk_batch(const struct walk *walk, const char *dir, const struct names *names,
			      const struct place *place, struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < names->count; i++) {
		char name[OBJECT_NAME_MAX];
		if ((size_t)snprintf(name, sizeof name, "%s%s", dir, names->items[i]) >= sizeof name)
			return error_set(err, STATUS_LOCAL, "name too long below %s/%s", walk->root, dir);
		if (!may_match(name, walk->prefix))
			continue;
		const struct object_info directory = {.name = name, .directory = true};
		if (name[strlen(name) - 1] != '/')
			st = show(walk, name, err);
		else if (walk->level && strlen(name) > strlen(walk->prefix))
			st = walk->each(walk->arg, &directory, err);
		else
			st = walk_dir(walk, name, place, err);
	}
	return st;
}

static enum status walk_dir(const struct walk *walk, const char *dir, const struct place *above, struct error *err)
{
	struct place place = {.above = above, .depth = above == NULL ? 0 : above->depth + 1};
	CLEANUP(names_fini) struct names names = {0};
	char path[PATH_MAX];
	if ((size_t)snprintf(path, sizeof path, "%s/%s", walk->root, dir) >= sizeof path)
		return error_set(err, STATUS_LOCAL, "path too long below %.64s", walk->root);
	enum status st = enter(walk, &place, path, err);
	if (!st && walk->each == NULL)
		st = check_rights(walk, path, place.depth == DEPTH_WAL ? R_OK | W_OK | X_OK : R_OK | X_OK, err);
	if (st)
		return st;
	do {
		struct call step = call_step(walk->call);
		if (call_left_ms(&step) == 0)
			return error_set(err, STATUS_UNREACHABLE, "list %s: timed out", path);
		st = read_dir(&names, path, clock_utc_s(step.clock), err);
		if (!st)
			st = walk_batch(walk, dir, &names, &place, err);
		if (names.count > 0)
			(void)snprintf(names.after, sizeof names.after, "%s", names.items[names.count - 1]);
	} while (!st && names.cut);
	return st;
}

/* The directory that the prefix names, with a '/' at its end: no other has to be read. "" if it is not walship's. */
static void choose_start(const char *prefix, char start[OBJECT_NAME_MAX])
{
	struct error ignored;
	const char *slash = strrchr(prefix, '/');
	size_t len = slash == NULL || slash - prefix >= OBJECT_NAME_MAX - 1 ? 0 : (size_t)(slash - prefix);
	(void)snprintf(start, OBJECT_NAME_MAX, "%.*s", (int)len, prefix);
	if (object_name_check(start, &ignored))
		start[0] = '\0';
	else
		(void)strcat(start, "/");
}

enum status directory_list_below(const struct directory_listing *listing, const struct call *call, struct error *err)
{
	char start[OBJECT_NAME_MAX];
	const struct walk walk = {.call = call,
				  .root = listing->root,
				  .prefix = listing->prefix,
				  .level = listing->level,
				  .each = listing->each,
				  .arg = listing->arg};
	choose_start(listing->prefix, start);
	return walk_dir(&walk, start, NULL, err);
}

enum status directory_examine_below(const char *root, const struct call *call, const char *prefix, struct error *err)
{
	struct walk walk = {.call = call, .root = root, .prefix = prefix};
	struct stat info;
	if (stat(root[0] == '\0' ? "/" : root, &info) != 0)
		return directory_error(err, errno, "look at", root);
	walk.owner = info.st_uid;
	return walk_dir(&walk, "", NULL, err);
}
