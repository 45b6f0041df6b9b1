#include "pg/data/inside.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

#define PARENTS_MAX 256 /* deeper paths do not occur; a bound for a file system that answers nonsense */

static bool is_same(const struct stat *one, const struct stat *two)
{
	return one->st_dev == two->st_dev && one->st_ino == two->st_ino;
}

/* Opens the directory, or the nearest parent that exists. -1 when there is none. */
static int open_nearest(const char *path)
{
	char near[PATH_MAX];
	if ((size_t)snprintf(near, sizeof near, "%s", path) >= sizeof near)
		return -1;
	for (;;) {
		int fd = open(near[0] == '\0' ? "/" : near, O_PATH | O_DIRECTORY | O_CLOEXEC);
		char *slash = strrchr(near, '/');
		if (fd >= 0 || slash == NULL)
			return fd;
		*slash = '\0';
	}
}

static bool is_below(const char *path, const struct stat *top)
{
	struct stat here, above;
	CLEANUP(fd_closep) int fd = open_nearest(path);
	if (fd < 0 || fstat(fd, &here) != 0)
		return false;
	for (int i = 0; i < PARENTS_MAX && !is_same(&here, top); i++) {
		int parent = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		fd_closep(&fd);
		fd = parent;
		/* The root is its own parent. */
		if (fd < 0 || fstat(fd, &above) != 0 || is_same(&here, &above))
			return false;
		here = above;
	}
	return is_same(&here, top);
}

bool data_directory_contains(const char *data_directory, const char *path)
{
	char wal[PATH_MAX];
	struct stat top;
	if (stat(data_directory, &top) == 0 && is_below(path, &top))
		return true;
	return (size_t)snprintf(wal, sizeof wal, "%s/pg_wal", data_directory) < sizeof wal && stat(wal, &top) == 0 &&
	       is_below(path, &top);
}
