#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "store/directory/directory_private.h"

/* Counts hidden names too: any file at all shows that the disk is mounted. */
static enum status is_empty(const char *path, bool *out, struct error *err)
{
	CLEANUP(dir_closep) DIR *dir = opendir(path);
	const struct dirent *entry;
	*out = true;
	if (dir == NULL)
		return directory_error(err, errno, "open", path);
	while (*out && (errno = 0, entry = readdir(dir)) != NULL)
		*out = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	return *out && errno != 0 ? directory_error(err, errno, "read", path) : STATUS_OK;
}

static enum status dangling(const char *path, struct error *err)
{
	char target[PATH_MAX];
	ssize_t len = readlink(path, target, sizeof target - 1);
	target[len < 0 ? 0 : len] = '\0';
	(void)error_set(err, STATUS_UNREACHABLE, "file://%s is a symbolic link to %s, which does not exist", path,
			target);
	return error_hint(err, STATUS_UNREACHABLE,
			  "mount the disk that the link leads to; remove the link only if its target is lost for good");
}

static enum status leads_to_empty(const char *path, struct error *err)
{
	(void)error_set(err, STATUS_UNREACHABLE, "file://%s is a symbolic link to an empty directory", path);
	return error_hint(err, STATUS_UNREACHABLE,
			  "if a disk belongs there, mount the disk; if the directory is new, make a file in it: touch "
			  "%s/.in-use",
			  path);
}

enum status directory_link_check(const char *path, struct error *err)
{
	struct stat info;
	if (lstat(path, &info) != 0)
		return errno == ENOENT || errno == ENOTDIR ? STATUS_OK : directory_error(err, errno, "look at", path);
	if (!S_ISLNK(info.st_mode) || stat(path, &info) == 0)
		return STATUS_OK;
	return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? dangling(path, err)
								     : directory_error(err, errno, "look at", path);
}

/* A linked directory without any entry may be the mount point of a disk that is not mounted. */
static enum status check_component(const char *path, struct error *err)
{
	struct stat link, target;
	bool empty = false;
	enum status st = directory_link_check(path, err);
	if (!st && lstat(path, &link) == 0 && S_ISLNK(link.st_mode) && stat(path, &target) == 0 &&
	    S_ISDIR(target.st_mode))
		st = is_empty(path, &empty, err);
	return empty ? leads_to_empty(path, err) : st;
}

enum status directory_links_check(const char *root, const char *path, struct error *err)
{
	char part[PATH_MAX];
	(void)strcpy(part, path);
	enum status st = STATUS_OK;
	for (char *slash = part + strlen(root); !st && slash != NULL;) {
		slash = strchr(slash + 1, '/');
		if (slash != NULL)
			*slash = '\0';
		st = check_component(part, err);
		if (slash != NULL)
			*slash = '/';
	}
	return st;
}

enum status directory_way_check(const struct directory *directory, const char *path, struct error *err)
{
	struct stat info;
	return stat(directory->root, &info) == 0 ? directory_links_check(directory->root, path, err)
						 : directory_no_root(directory, errno, err);
}
