#include "restore/room.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/path.h"

/* "/a/b" -> "/a/", "/a/" -> "/", "a" -> "."; false for "/" */
static bool to_parent(char *path)
{
	size_t len = strlen(path);
	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
	len = path_dir_len(path);
	if (path[len] == '\0')
		return false;
	if (len == 0)
		(void)strcpy(path, ".");
	else
		path[len] = '\0';
	return true;
}

/* The file system of a directory, or of the nearest directory above it that exists. */
static enum status look_at(const char *directory, struct tree_restore_room *room, struct error *err)
{
	char path[PATH_MAX];
	struct stat info;
	struct statvfs system;
	if ((size_t)snprintf(path, sizeof path, "%s", directory) >= sizeof path)
		return error_set(err, STATUS_USAGE, "path too long: %.64s...", directory);
	while (stat(path, &info) != 0)
		if (errno != ENOENT || !to_parent(path))
			return error_errno(err, STATUS_LOCAL, errno, "look at %s", path);
	if (statvfs(path, &system) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "look at the file system of %s", path);
	*room = (struct tree_restore_room){.directory = directory,
					   .device = info.st_dev,
					   .available_bytes = (uint64_t)system.f_bavail * system.f_frsize};
	return STATUS_OK;
}

enum status room_gather(struct tree_restore_figures *figures, const struct roots *roots, const uint64_t *needed,
			struct error *err)
{
	figures->rooms = calloc(roots->count, sizeof *figures->rooms);
	if (figures->rooms == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	for (size_t i = 0; i < roots->count; i++) {
		struct tree_restore_room room = {0};
		enum status st = look_at(roots->items[i].directory, &room, err);
		if (st)
			return st;
		size_t at = 0;
		while (at < figures->room_count && figures->rooms[at].device != room.device)
			at++;
		if (at == figures->room_count)
			figures->rooms[figures->room_count++] = room;
		figures->rooms[at].needed_bytes += needed[i];
	}
	return STATUS_OK;
}
