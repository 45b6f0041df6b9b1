#include "restore/remove_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "pg/data/names.h"

#define DEPTH_MAX 64 /* each level has an open directory */

static enum status remove_at(const struct roots *roots, int directory, const char *name, unsigned depth, bool *kept,
			     struct error *err);

static enum status remove_content(const struct roots *roots, int fd, const char *name, unsigned depth, bool *kept,
				  struct error *err)
{
	CLEANUP(names_fini) struct names names = {0};
	if (depth == DEPTH_MAX)
		return error_set(err, STATUS_LOCAL, "%s: more than %d nested directories", name, DEPTH_MAX);
	enum status st = names_read(&names, fd, name, NULL, err);
	for (size_t i = 0; !st && i < names.count; i++)
		st = remove_at(roots, fd, names_at(&names, i), depth + 1, kept, err);
	return st;
}

static enum status remove_at(const struct roots *roots, int directory, const char *name, unsigned depth, bool *kept,
			     struct error *err)
{
	struct stat info;
	bool content_kept = false;
	/* Linux says EISDIR of a directory. */
	if (unlinkat(directory, name, 0) == 0 || errno == ENOENT)
		return STATUS_OK;
	if (errno != EISDIR)
		return error_errno(err, STATUS_LOCAL, errno, "%s", name);
	CLEANUP(fd_closep) int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &info) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "%s", name);
	if (roots_of_directory(roots, &info) < roots->count) {
		*kept = true;
		return STATUS_OK;
	}
	enum status st = remove_content(roots, fd, name, depth, &content_kept, err);
	if (st)
		return st;
	*kept = *kept || content_kept;
	if (!content_kept && unlinkat(directory, name, AT_REMOVEDIR) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "%s", name);
	return STATUS_OK;
}

enum status remove_tree(const struct roots *roots, int directory, const char *name, struct error *err)
{
	bool kept = false;
	return remove_at(roots, directory, name, 0, &kept, err);
}
