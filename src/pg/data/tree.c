#include "pg/data/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "pg/data/inside.h"
#include "pg/data/names.h"
#include "pg/data/relation_name.h"
#include "pg/data/tree_rules.h"
#include "sys/open_as.h"

#define TBLSPC "pg_tblspc"
#define DEPTH_MAX 32 /* PostgreSQL's own deepest is 5; an extension may keep more */

struct place {
	dev_t device;
	ino_t inode;
};

struct walk {
	const struct tree_options *options;
	tree_fn each;
	void *arg;
	int root;                       /* the data directory */
	char path[PATH_MAX];            /* of the current entry, below the data directory */
	struct place levels[DEPTH_MAX]; /* from the data directory to the current one */
	size_t depth;
	struct place *tablespaces; /* behind the links of pg_tblspc */
	size_t tablespace_count, tablespace_capacity;
};

int tree_compare(const char *path, const char *other)
{
	while (*path != '\0' && *path == *other) {
		path++;
		other++;
	}
	/* '/' sorts before any other byte, and the end of the text before all bytes. */
	int rank = *path == '\0' ? 0 : *path == '/' ? 1 : (int)(unsigned char)*path + 2;
	int other_rank = *other == '\0' ? 0 : *other == '/' ? 1 : (int)(unsigned char)*other + 2;
	return rank - other_rank;
}

static int by_number(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
	return left < right ? -1 : left > right;
}

/*
 * Takes temporary relations out of the names, and unlogged ones but for their init forks, from which the server makes
 * them anew (ResetUnloggedRelations).
 */
static enum status names_drop_transient(struct names *names, struct error *err)
{
	uint64_t *unlogged = NULL;
	size_t count = 0, capacity = 0, kept = 0;
	struct relation_name name;
	for (size_t i = 0; i < names->count; i++) {
		if (!relation_name_parse(&name, names_at(names, i)) || name.fork != FORK_INIT)
			continue;
		uint64_t *grown = array_grow(unlogged, count, &capacity, sizeof *grown);
		if (grown == NULL) {
			free(unlogged);
			return error_set(err, STATUS_LOCAL, "out of memory");
		}
		unlogged = grown;
		unlogged[count++] = name.number;
	}
	if (count > 1)
		qsort(unlogged, count, sizeof *unlogged, by_number);
	for (size_t i = 0; i < names->count; i++) {
		bool drop =
		    relation_name_parse(&name, names_at(names, i)) &&
		    (name.temporary || (name.fork != FORK_INIT && count > 0 &&
					bsearch(&name.number, unlogged, count, sizeof *unlogged, by_number) != NULL));
		if (!drop)
			names->places[kept++] = names->places[i];
	}
	names->count = kept;
	free(unlogged);
	return STATUS_OK;
}

static enum status walk_directory(struct walk *walk, int fd, struct error *err);

static bool is_place(const struct place *place, const struct stat *info)
{
	return place->device == info->st_dev && place->inode == info->st_ino;
}

static bool is_below_tblspc(const char *path)
{
	return strncmp(path, TBLSPC "/", sizeof TBLSPC) == 0;
}

/* Whether the directory's content belongs in the backup, under this path. */
static bool has_content(const struct walk *walk, const struct tree_entry *entry)
{
	if (tree_is_emptied(walk->path))
		return false;
	if (is_below_tblspc(walk->path))
		return !tree_is_foreign_version(walk->path, walk->options->tablespace_version);
	for (size_t i = 0; i < walk->tablespace_count; i++)
		if (is_place(&walk->tablespaces[i], &entry->info))
			return false;
	return true;
}

static enum status enter(struct walk *walk, const struct stat *info, struct error *err)
{
	if (walk->depth == DEPTH_MAX)
		return error_set(err, STATUS_LOCAL, "%s/%s: more than %d nested directories",
				 walk->options->data_directory, walk->path, DEPTH_MAX);
	walk->levels[walk->depth++] = (struct place){info->st_dev, info->st_ino};
	return STATUS_OK;
}

/*
 * Whether the directory is one that the walk is in, or one above the data directory: it would be walked for ever. Only
 * a symbolic link leads there.
 */
static bool is_above(const struct walk *walk, const struct tree_entry *entry)
{
	char path[PATH_MAX];
	for (size_t i = 0; i < walk->depth; i++)
		if (is_place(&walk->levels[i], &entry->info))
			return true;
	return entry->link != NULL && !is_below_tblspc(walk->path) &&
	       (size_t)snprintf(path, sizeof path, "%s/%s", walk->options->data_directory, walk->path) < sizeof path &&
	       data_directory_contains(path, walk->options->data_directory);
}

/* The server's own base backup leaves out all links but those of tablespaces and pg_wal (sendDir). */
static enum status leave_out(const struct walk *walk, const char *why)
{
	log_line(walk->options->log, LEVEL_WARNING, "%s/%s is %s; the backup leaves it out",
		 walk->options->data_directory, walk->path, why);
	return STATUS_OK;
}

/* A missing entry has disappeared since the directory was read, unless it is a broken symbolic link. */
static enum status judge_missing(const struct walk *walk, bool is_link, struct error *err)
{
	if (!is_link)
		return STATUS_OK;
	if (is_below_tblspc(walk->path)) {
		(void)error_set(err, STATUS_LOCAL, "%s/%s is a broken symbolic link", walk->options->data_directory,
				walk->path);
		return error_hint(err, STATUS_LOCAL, "mount the disk of this tablespace");
	}
	return leave_out(walk, "a broken symbolic link");
}

static void describe_pages(struct tree_entry *entry, const char *directory, const char *name)
{
	struct relation_name relation;
	entry->has_checksums = relation_directory(directory) && relation_name_parse(&relation, name);
	entry->first_page = entry->has_checksums ? relation.segment * RELATION_SEGMENT_PAGES : 0;
}

/* Reports the entry, and walks it if it is a directory. */
static enum status report(struct walk *walk, struct tree_entry *entry, int parent, const char *name, struct error *err)
{
	enum status st = walk->each(walk->arg, entry, err);
	if (st || !entry->is_directory || !has_content(walk, entry))
		return st;
	CLEANUP(fd_closep) int fd = open_as_owner(walk->root, parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? STATUS_OK
				       : error_errno(err, STATUS_LOCAL, errno, "open directory %s/%s",
						     walk->options->data_directory, walk->path);
	st = enter(walk, &entry->info, err);
	if (st)
		return st;
	st = walk_directory(walk, fd, err);
	walk->depth--;
	return st;
}

static enum status walk_entry(struct walk *walk, int parent, const char *name, const char *directory, struct error *err)
{
	char link[PATH_MAX];
	struct tree_entry entry = {.path = walk->path};
	ssize_t link_len = readlinkat(parent, name, link, sizeof link - 1);
	if (link_len >= 0) {
		link[link_len] = '\0';
		entry.link = link;
	}
	if (fstatat(parent, name, &entry.info, 0) != 0)
		return errno == ENOENT || errno == ELOOP ? judge_missing(walk, entry.link != NULL, err)
							 : error_errno(err, STATUS_LOCAL, errno, "look at %s/%s",
								       walk->options->data_directory, walk->path);
	entry.is_directory = S_ISDIR(entry.info.st_mode);
	if (!entry.is_directory && !S_ISREG(entry.info.st_mode))
		return leave_out(walk, "neither a file nor a directory");
	if (entry.is_directory && is_above(walk, &entry))
		return leave_out(walk, "a symbolic link to a directory above it");
	if (!entry.is_directory)
		describe_pages(&entry, directory, name);
	return report(walk, &entry, parent, name, err);
}

/* Walks the directory of walk->path, which is open as fd. Leaves the path as it was. */
static enum status walk_directory(struct walk *walk, int fd, struct error *err)
{
	CLEANUP(names_fini) struct names names = {0};
	char directory[PATH_MAX];
	size_t len = strlen(walk->path);
	memcpy(directory, walk->path, len + 1);
	enum status st = names_read(&names, fd, directory, tree_is_left_out, err);
	if (!st && relation_directory(directory))
		st = names_drop_transient(&names, err);
	for (size_t i = 0; !st && i < names.count; i++) {
		const char *name = names_at(&names, i);
		size_t slash = len > 0;
		if (len + slash + strlen(name) >= sizeof walk->path)
			return error_set(err, STATUS_LOCAL, "path too long: %.64s...", directory);
		walk->path[len] = '/';
		(void)strcpy(walk->path + len + slash, name);
		st = walk_entry(walk, fd, name, directory, err);
	}
	walk->path[len] = '\0';
	return st;
}

static enum status note_tablespace(struct walk *walk, int tblspc, const char *name, struct error *err)
{
	struct stat info;
	if (fstatat(tblspc, name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISLNK(info.st_mode) ||
	    fstatat(tblspc, name, &info, 0) != 0)
		return STATUS_OK; /* in place, or gone; the walk judges a broken link */
	struct place *grown =
	    array_grow(walk->tablespaces, walk->tablespace_count, &walk->tablespace_capacity, sizeof *grown);
	if (grown == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	walk->tablespaces = grown;
	grown[walk->tablespace_count++] = (struct place){info.st_dev, info.st_ino};
	return STATUS_OK;
}

static enum status note_tablespaces(struct walk *walk, int root, struct error *err)
{
	CLEANUP(names_fini) struct names names = {0};
	CLEANUP(fd_closep) int fd = openat(root, TBLSPC, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? STATUS_OK
				       : error_errno(err, STATUS_LOCAL, errno, "open directory %s/" TBLSPC,
						     walk->options->data_directory);
	enum status st = names_read(&names, fd, TBLSPC, tree_is_left_out, err);
	for (size_t i = 0; !st && i < names.count; i++)
		st = note_tablespace(walk, fd, names_at(&names, i), err);
	return st;
}

enum status tree_walk(const struct tree_options *options, tree_fn each, void *arg, struct error *err)
{
	struct walk *walk = malloc(sizeof *walk);
	if (walk == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	*walk = (struct walk){.options = options, .each = each, .arg = arg};
	CLEANUP(fd_closep) int fd = open(options->data_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat info;
	walk->root = fd;
	enum status st = fd < 0 || fstat(fd, &info) != 0
			     ? error_errno(err, STATUS_LOCAL, errno, "open directory %s", options->data_directory)
			     : enter(walk, &info, err);
	if (!st)
		st = note_tablespaces(walk, fd, err);
	if (!st)
		st = walk_directory(walk, fd, err);
	free(walk->tablespaces);
	free(walk);
	return st;
}
