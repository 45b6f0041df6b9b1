#include "restore/directory_maker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "restore/remove_tree.h"
#include "restore/target.h"
#include "sys/newfile.h"

#define CONTROL_DIRECTORY "global"

/* The directory that a path of the index lies in. */
static int open_parent(const struct roots *roots, const char *path)
{
	char parent[PATH_MAX];
	const char *below;
	size_t root = roots_find(roots, path, &below), len = path_dir_len(below);
	if (len == 0)
		return fcntl(roots->items[root].fd, F_DUPFD_CLOEXEC, 0);
	/* The whole path, so that its root is found again. */
	len += (size_t)(below - path) - 1;
	(void)snprintf(parent, sizeof parent, "%.*s", (int)len, path);
	return target_open_path(roots, parent, O_RDONLY | O_DIRECTORY);
}

static enum status make_link(const struct roots *roots, size_t tablespace, int parent, const char *name,
			     const struct stat *there, struct error *err)
{
	const char *target = roots->items[tablespace].directory;
	enum status st = STATUS_OK;
	if (there->st_mode != 0 && S_ISLNK(there->st_mode) && roots_is_linked(roots, tablespace))
		return STATUS_OK;
	if (there->st_mode != 0)
		st = remove_tree(roots, parent, name, err);
	if (!st && symlinkat(target, parent, name) != 0)
		st = error_errno(err, STATUS_LOCAL, errno, "link pg_tblspc/%s to %s", name, target);
	/* The server does not look at the owner of a link; whoever tidies up does. */
	if (!st && roots->gives &&
	    fchownat(parent, name, roots->owner.st_uid, roots->owner.st_gid, AT_SYMLINK_NOFOLLOW) != 0)
		st =
		    error_errno(err, STATUS_LOCAL, errno, "give pg_tblspc/%s to the owner of the data directory", name);
	return st;
}

enum status directory_make(const struct roots *roots, const struct index_entry *entry, const struct stat *there,
			   struct error *err)
{
	const char *name = path_name(entry->path);
	size_t tablespace = roots_tablespace(roots, entry->path);
	CLEANUP(fd_closep) int parent = open_parent(roots, entry->path);
	if (parent < 0)
		return error_errno(err, STATUS_LOCAL, errno, "open the parent directory of %s", entry->path);
	if (tablespace > 0)
		return make_link(roots, tablespace, parent, name, there, err);
	/* EEXIST: a tablespace in the data directory, which has been made already. */
	if (there->st_mode == 0 && mkdirat(parent, name, S_IRWXU) != 0 && errno != EEXIST)
		return error_errno(err, STATUS_LOCAL, errno, "create directory %s", entry->path);
	CLEANUP(fd_closep) int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, STATUS_LOCAL, errno, "open directory %s", entry->path);
	return roots_adopt(roots, fd, entry->mode | S_IRWXU, entry->path, err);
}

enum status directory_disable(const struct roots *roots, struct error *err)
{
	int root = roots->items[0].fd;
	CLEANUP(fd_closep)
	int fd = openat(root, CONTROL_DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return STATUS_OK;
	/* A link to a directory elsewhere, or something that no server would start with. */
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP)) {
		if (unlinkat(root, CONTROL_DIRECTORY, 0) != 0)
			return error_errno(err, STATUS_LOCAL, errno, "remove " CONTROL_DIRECTORY);
		return dir_sync(root, roots->items[0].directory, err);
	}
	if (fd < 0)
		return error_errno(err, STATUS_LOCAL, errno, "open directory " CONTROL_DIRECTORY);
	if (unlinkat(fd, "pg_control", 0) != 0 && errno != ENOENT)
		return error_errno(err, STATUS_LOCAL, errno, "remove " CONTROL_DIRECTORY "/pg_control");
	return dir_sync(fd, CONTROL_DIRECTORY, err);
}
