/* Removes objects, and syncs each directory once for all names in it that follow each other. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "store/directory/directory_private.h"

struct pending {
	const struct call *call;
	char dir[PATH_MAX]; /* has removals that are not durable yet; "": none */
};

static enum status settle(struct pending *pending, struct error *err)
{
	enum status st = pending->dir[0] == '\0' ? STATUS_OK : directory_sync(pending->dir, err);
	pending->dir[0] = '\0';
	return st;
}

static enum status remove_one(const struct directory *directory, struct pending *pending, const char *name,
			      const struct store_removal *removal, struct error *err)
{
	char path[PATH_MAX];
	struct error why;
	enum status st = directory_path(directory, name, path, err);
	const struct call step = call_step(pending->call);
	if (!st)
		st = directory_check_deadline(&step, "remove", path, err);
	if (st)
		return st;
	if (unlink(path) != 0) {
		/* A missing file counts as removed, unless the repository, or a linked part of it, is missing. */
		if (errno == ENOENT)
			return directory_way_check(directory, path, err);
		bool refused = errno == EACCES || errno == EPERM || errno == EISDIR;
		st = directory_error(&why, errno, "remove", path);
		if (refused)
			return removal->refused(removal->arg, &(struct store_refusal){name, st, &why}, err);
		*err = why;
		return st;
	}
	char *slash = strrchr(path, '/');
	*(slash == path ? slash + 1 : slash) = '\0';
	if (pending->dir[0] != '\0' && strcmp(pending->dir, path) != 0)
		st = settle(pending, err);
	(void)strcpy(pending->dir, path);
	return st;
}

enum status directory_remove(struct store *store, const struct call *call, const struct store_removal *removal,
			     struct error *err)
{
	const struct directory *directory = (const struct directory *)store;
	struct pending pending = {.call = call};
	enum status st = STATUS_OK;
	for (size_t i = 0; i < removal->count && !st; i++)
		st = remove_one(directory, &pending, removal->names[i], removal, err);
	struct error trouble;
	enum status settled = settle(&pending, &trouble);
	if (st || !settled)
		return st;
	*err = trouble;
	return settled;
}
