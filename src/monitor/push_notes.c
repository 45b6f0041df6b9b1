#include "monitor/push_notes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"

#define TRACE "pushed"

bool push_notes_find(struct push_notes *out, const char *spool, const char *wal_path)
{
	char dir[PATH_MAX];
	struct stat info;
	int len = (int)path_dir_len(wal_path);
	*out = (struct push_notes){.given = spool};
	if (snprintf(dir, sizeof dir, "%.*s.", len, wal_path) >= (int)sizeof dir || stat(dir, &info) != 0)
		return false;
	out->device = info.st_dev;
	out->inode = info.st_ino;
	return spool_path(out->given, out->spool);
}

enum status push_notes_prepare(const struct push_notes *notes, struct error *err)
{
	char path[SPOOL_PATH_MAX];
	return spool_prepare(notes->given, path, err);
}

void push_notes_path(const struct push_notes *notes, const char *what, char out[PUSH_NOTES_PATH_MAX])
{
	(void)snprintf(out, PUSH_NOTES_PATH_MAX, "%s/%.16s-%" PRIx64 "-%" PRIx64, notes->spool, what, notes->device,
		       notes->inode);
}

void push_notes_leave_trace(const struct push_notes *notes)
{
	char path[PUSH_NOTES_PATH_MAX];
	struct error ignored = {0};
	push_notes_path(notes, TRACE, path);
	if (utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT ||
	    push_notes_prepare(notes, &ignored))
		return;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		(void)close(fd);
}

int64_t push_notes_trace_s(const struct push_notes *notes)
{
	char path[PUSH_NOTES_PATH_MAX];
	struct stat info;
	push_notes_path(notes, TRACE, path);
	return lstat(path, &info) == 0 ? info.st_mtim.tv_sec : 0;
}
