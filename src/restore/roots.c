#include "restore/roots.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "pg/data/names.h"
#include "sys/open_beneath.h"

#define TBLSPC "pg_tblspc/"
#define PERMISSIONS 0777
#define TABLESPACE_MODE 0700
#define SERVER_VERSION_MAJOR 10000 /* server_version_num: 150018 */

size_t roots_tablespace(const struct roots *roots, const char *path)
{
	if (strncmp(path, TBLSPC, strlen(TBLSPC)) != 0)
		return 0;
	for (size_t i = 1; i < roots->count; i++)
		if (strcmp(path + strlen(TBLSPC), roots->items[i].oid) == 0)
			return i;
	return 0;
}

size_t roots_find(const struct roots *roots, const char *path, const char **below)
{
	*below = path;
	if (strncmp(path, TBLSPC, strlen(TBLSPC)) != 0)
		return 0;
	const char *oid = path + strlen(TBLSPC);
	size_t len = strcspn(oid, "/");
	for (size_t i = 1; i < roots->count && oid[len] == '/'; i++)
		if (strlen(roots->items[i].oid) == len && memcmp(roots->items[i].oid, oid, len) == 0) {
			*below = oid + len + 1;
			return i;
		}
	return 0;
}

enum status roots_adopt(const struct roots *roots, int fd, unsigned mode, const char *path, struct error *err)
{
	struct stat info;
	const struct stat *owner = &roots->owner;
	if (fstat(fd, &info) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "look at %s", path);
	if (roots->gives && (info.st_uid != owner->st_uid || info.st_gid != owner->st_gid) &&
	    fchown(fd, owner->st_uid, owner->st_gid) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "give %s to the owner of the data directory", path);
	return (info.st_mode & 07777) == (mode & PERMISSIONS) || fchmod(fd, mode & PERMISSIONS) == 0
		   ? STATUS_OK
		   : error_errno(err, STATUS_LOCAL, errno, "set the mode of %s", path);
}

unsigned roots_file_mode(const struct roots *roots)
{
	return (roots->mode & S_IRGRP) != 0 ? 0640 : 0600;
}

enum status roots_sync(const struct roots *roots, struct error *err)
{
	for (size_t i = 0; i < roots->count; i++)
		if (syncfs(roots->items[i].fd) != 0)
			return error_errno(err, STATUS_LOCAL, errno, "sync the file system of %s",
					   roots->items[i].directory);
	return STATUS_OK;
}

/* The owner of the data directory, or of its parent if the data directory does not exist. */
static enum status find_owner(struct roots *roots, const char *directory, struct error *err)
{
	char parent[PATH_MAX];
	roots->gives = geteuid() == 0;
	if (stat(directory, &roots->owner) == 0)
		return STATUS_OK;
	if (errno != ENOENT)
		return error_errno(err, STATUS_LOCAL, errno, "look at %s", directory);
	if ((size_t)snprintf(parent, sizeof parent, "%s", directory) >= sizeof parent)
		return error_set(err, STATUS_USAGE, "path too long: %.64s...", directory);
	for (size_t len = strlen(parent); len > 1 && parent[len - 1] == '/'; len--)
		parent[len - 1] = '\0';
	parent[path_dir_len(parent)] = '\0';
	if (stat(parent[0] == '\0' ? "." : parent, &roots->owner) != 0) {
		(void)error_errno(err, STATUS_LOCAL, errno, "look at the parent directory of %s", directory);
		return error_hint(err, STATUS_LOCAL, "create the parent directory, or mount its disk");
	}
	return STATUS_OK;
}

static enum status refuse_shared(const struct root *root, struct error *err)
{
	return error_set(err, STATUS_USAGE, "tablespace %s needs a directory of its own, not %s", root->oid,
			 root->directory);
}

static enum status refuse_content(const struct root *root, const char *name, struct error *err)
{
	if (root->oid == NULL)
		(void)error_set(err, STATUS_USAGE, "directory %s is not empty", root->directory);
	else
		(void)error_set(err, STATUS_USAGE, "directory %s of tablespace %s is not empty", root->directory,
				root->oid);
	if (strcmp(name, "lost+found") == 0)
		return error_hint(
		    err, STATUS_USAGE,
		    "lost+found shows that the directory is a mount point: restore into a directory below it");
	if (root->oid != NULL)
		return error_hint(err, STATUS_USAGE,
				  "another server may use it: give --tablespace %s=DIR another directory", root->oid);
	return error_hint(err, STATUS_USAGE,
			  "give an empty directory; --delta keeps the files there that are the same as in the backup, "
			  "and removes all others");
}

bool roots_is_linked(const struct roots *roots, size_t tablespace)
{
	const struct root *root = &roots->items[tablespace];
	char target[PATH_MAX];
	CLEANUP(fd_closep) int fd = open_beneath(roots->items[0].fd, "pg_tblspc", O_PATH | O_DIRECTORY, 0);
	ssize_t len = readlinkat(fd, root->oid, target, sizeof target);
	return fd >= 0 && len > 0 && (size_t)len == strlen(root->directory) &&
	       memcmp(target, root->directory, (size_t)len) == 0;
}

static enum status check_content(const struct roots *roots, const struct root *root, bool delta, struct error *err)
{
	CLEANUP(names_fini) struct names names = {0};
	if (delta && root->oid == NULL)
		return STATUS_OK;
	enum status st = names_read(&names, root->fd, root->directory, NULL, err);
	if (st || names.count == 0)
		return st;
	if (!delta)
		return refuse_content(root, names_at(&names, 0), err);
	if (roots_is_linked(roots, (size_t)(root - roots->items)))
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "directory %s of tablespace %s is not empty, and %s does not link to it",
			root->directory, root->oid, roots->items[0].directory);
	return error_hint(err, STATUS_USAGE, "another server may use it: give --tablespace %s=DIR another directory",
			  root->oid);
}

/* Opens the directory if it exists. Nothing is changed before all roots have been looked at. */
static enum status look_at(struct roots *roots, struct root *root, bool delta, enum roots_purpose purpose,
			   struct error *err)
{
	root->fd = open(root->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root->fd >= 0)
		return purpose == ROOTS_FINISH ? STATUS_OK : check_content(roots, root, delta, err);
	return errno == ENOENT && purpose != ROOTS_FINISH
		   ? STATUS_OK
		   : error_errno(err, STATUS_LOCAL, errno, "open directory %s", root->directory);
}

/* The directories of the data directory that lead to a tablespace in it. The walk corrects their modes. */
static enum status make_parents(const struct roots *roots, const struct root *root, struct error *err)
{
	char path[PATH_MAX];
	size_t at = strlen(roots->items[0].directory);
	if ((size_t)snprintf(path, sizeof path, "%s", root->directory) >= sizeof path)
		return error_set(err, STATUS_USAGE, "path too long: %.64s...", root->directory);
	for (char *slash = path + at; (slash = strchr(slash + 1, '/')) != NULL; *slash = '/') {
		*slash = '\0';
		if (mkdir(path, TABLESPACE_MODE) != 0 && errno != EEXIST)
			return error_errno(err, STATUS_LOCAL, errno, "create directory %s", path);
	}
	return STATUS_OK;
}

static enum status make(const struct roots *roots, struct root *root, struct error *err)
{
	enum status st = root->moved == NULL || root->fd >= 0 ? STATUS_OK : make_parents(roots, root, err);
	if (st)
		return st;
	if (root->fd < 0 && mkdir(root->directory, TABLESPACE_MODE) != 0) {
		(void)error_errno(err, STATUS_LOCAL, errno, "create directory %s", root->directory);
		return error_hint(err, STATUS_LOCAL, "create the parent directory, or mount its disk");
	}
	if (root->fd < 0)
		root->fd = open(root->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root->fd < 0)
		return error_errno(err, STATUS_LOCAL, errno, "open directory %s", root->directory);
	return roots_adopt(roots, root->fd, root->oid == NULL ? roots->mode : TABLESPACE_MODE, root->directory, err);
}

size_t roots_of_directory(const struct roots *roots, const struct stat *info)
{
	struct stat other;
	size_t i = 0;
	while (i < roots->count && (roots->items[i].fd < 0 || fstat(roots->items[i].fd, &other) != 0 ||
				    other.st_dev != info->st_dev || other.st_ino != info->st_ino))
		i++;
	return i;
}

/* Links may lead two texts to one directory. */
static enum status check_distinct(const struct roots *roots, struct error *err)
{
	struct stat info;
	for (size_t i = 1; i < roots->count; i++)
		if (roots->items[i].fd >= 0 && fstat(roots->items[i].fd, &info) == 0 &&
		    roots_of_directory(roots, &info) < i)
			return refuse_shared(&roots->items[i], err);
	return STATUS_OK;
}

/* The path without links, as far as it exists. False: too long. */
static bool resolve(const char *path, char out[PATH_MAX])
{
	char near[PATH_MAX], real[PATH_MAX];
	size_t len = strlen(path);
	while (len > 1 && path[len - 1] == '/')
		len--;
	if (len >= sizeof near)
		return false;
	memcpy(near, path, len);
	near[len] = '\0';
	while (realpath(near[0] == '\0' ? "/" : near, real) == NULL) {
		char *slash = strrchr(near, '/');
		if (slash == NULL)
			return false;
		*slash = '\0';
	}
	const char *rest = path + strlen(near);
	return (size_t)snprintf(out, PATH_MAX, "%s%.*s", strcmp(real, "/") == 0 ? "" : real, (int)(len - strlen(near)),
				rest) < PATH_MAX;
}

static bool lies_in(const char *path, const char *other)
{
	size_t len = strlen(other);
	return strncmp(path, other, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

static enum status check_apart(const struct root *tablespace, const struct root *other, struct error *err)
{
	char path[PATH_MAX], others[PATH_MAX];
	if (!resolve(tablespace->directory, path) || !resolve(other->directory, others))
		return error_set(err, STATUS_USAGE, "path too long: %.64s...", tablespace->directory);
	/* A server may have a directory of a tablespace around its data directory, or around another tablespace. */
	bool around = tablespace->is_given && lies_in(others, path);
	bool inside = (other->oid == NULL || tablespace->is_given) && lies_in(path, others);
	if (!around && !inside)
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "directory %s of tablespace %s lies %s %s, which the restore fills too",
			tablespace->directory, tablespace->oid, inside ? "in" : "around", other->directory);
	return error_hint(err, STATUS_USAGE, "give --tablespace %s=DIR a directory apart from all others",
			  tablespace->oid);
}

/* A tablespace that lay in the data directory lies in the new one (move_inside). */
static enum status check_nesting(const struct roots *roots, struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 1; !st && i < roots->count; i++)
		for (size_t j = 0; !st && j < roots->count; j++)
			if (i != j && roots->items[i].moved == NULL)
				st = check_apart(&roots->items[i], &roots->items[j], err);
	return st;
}

/* Two restores would mix their files. Some network file systems cannot lock a directory: there it is not noticed. */
static enum status lock(const struct root *root, struct error *err)
{
	if (flock(root->fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return STATUS_OK;
	(void)error_set(err, STATUS_LOCAL, "another restore writes to %s", root->directory);
	return error_hint(err, STATUS_LOCAL, "wait until it has ended, or end it");
}

static bool is_oid(const char *text)
{
	return *text != '\0' && strlen(text) <= 10 && strspn(text, "0123456789") == strlen(text);
}

static const char *given_directory(const struct tree_restore_settings *settings, const char *oid)
{
	for (size_t i = 0; i < settings->tablespace_count; i++)
		if (strcmp(settings->tablespaces[i].oid, oid) == 0)
			return settings->tablespaces[i].directory;
	return NULL;
}

/*
 * Where a tablespace lay in the data directory that was backed up, it lies in the new one, at the same place: its old
 * directory belongs to the server that was backed up. Sets root->moved.
 */
static enum status move_inside(struct root *root, const struct tree_restore_settings *settings, struct error *err)
{
	const char *old = settings->manifest->data_directory;
	size_t len = old == NULL ? 0 : strlen(old), size;
	if (len == 0 || settings->directory[0] != '/' || strncmp(root->directory, old, len) != 0 ||
	    root->directory[len] != '/' || strstr(root->directory, "/..") != NULL)
		return STATUS_OK;
	size = strlen(settings->directory) + strlen(root->directory + len) + 1;
	root->moved = malloc(size);
	if (root->moved == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	(void)snprintf(root->moved, size, "%s%s", settings->directory, root->directory + len);
	root->directory = root->moved;
	return STATUS_OK;
}

static enum status add_tablespace(struct roots *roots, const struct tree_restore_settings *settings,
				  const struct manifest_pair *tablespace, struct error *err)
{
	const char *given = given_directory(settings, tablespace->name);
	struct root root = {.oid = tablespace->name,
			    .directory = given == NULL ? tablespace->value : given,
			    .is_given = given != NULL,
			    .fd = -1};
	/* Another link in pg_tblspc, or one whose text is relative: a directory of pg_tblspc takes its place. */
	if (!is_oid(root.oid) || (given == NULL && root.directory[0] != '/'))
		return STATUS_OK;
	if (root.directory[0] != '/')
		return error_set(err, STATUS_USAGE, "the directory of tablespace %s is not an absolute path: %s",
				 root.oid, root.directory);
	for (size_t i = 0; i < roots->count; i++)
		if (strcmp(roots->items[i].directory, root.directory) == 0)
			return refuse_shared(&root, err);
	enum status st = given == NULL ? move_inside(&root, settings, err) : STATUS_OK;
	if (!st)
		roots->items[roots->count++] = root;
	return st;
}

static enum status check_given(const struct tree_restore_settings *settings, struct error *err)
{
	for (size_t i = 0; i < settings->tablespace_count; i++)
		if (manifest_value(&settings->manifest->tablespaces, settings->tablespaces[i].oid) == NULL)
			return error_set(err, STATUS_USAGE, "backup %s has no tablespace %s",
					 settings->manifest->label.text, settings->tablespaces[i].oid);
	return STATUS_OK;
}

enum status roots_open(struct roots *roots, const struct tree_restore_settings *settings, enum roots_purpose purpose,
		       struct error *err)
{
	const struct manifest *manifest = settings->manifest;
	size_t most = manifest->tablespaces.count + 1;
	*roots =
	    (struct roots){.plans = purpose == ROOTS_PLAN, .mode = (unsigned)manifest->directory_mode & PERMISSIONS};
	(void)snprintf(roots->version, sizeof roots->version, "PG_%" PRIu64 "_%" PRIu64,
		       manifest->server_version / SERVER_VERSION_MAJOR, manifest->catalog_version);
	roots->items = calloc(most, sizeof *roots->items);
	if (roots->items == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	roots->items[roots->count++] = (struct root){.directory = settings->directory, .fd = -1};
	enum status st = check_given(settings, err);
	for (size_t i = 0; !st && i < manifest->tablespaces.count; i++)
		st = add_tablespace(roots, settings, &manifest->tablespaces.items[i], err);
	if (!st && purpose != ROOTS_FINISH)
		st = check_nesting(roots, err);
	if (!st)
		st = find_owner(roots, settings->directory, err);
	for (size_t i = 0; !st && i < roots->count; i++)
		st = look_at(roots, &roots->items[i], settings->delta, purpose, err);
	for (size_t i = 0; !st && purpose == ROOTS_WRITE && i < roots->count; i++)
		st = make(roots, &roots->items[i], err);
	if (!st && purpose != ROOTS_PLAN)
		st = lock(&roots->items[0], err);
	return st ? st : check_distinct(roots, err);
}

void roots_fini(struct roots *roots)
{
	for (size_t i = 0; i < roots->count; i++) {
		fd_closep(&roots->items[i].fd);
		free(roots->items[i].moved);
	}
	free(roots->items);
	*roots = (struct roots){0};
}
