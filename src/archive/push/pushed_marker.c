#include "archive/push/pushed_marker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "pg/data/ready.h"

#define NOTE_MAX (IDENTITY_MAX + 512) /* and half a dozen numbers */
#define NOTE_PATH_MAX (PUSHED_MARKER_DIR_MAX + WAL_NAME_MAX)

/* What tells the directories of two copies of a cluster apart; 0 when there is none. */
static uint64_t dir_inode(const char *wal_path)
{
	char dir[PATH_MAX];
	struct stat info;
	bool fits = snprintf(dir, sizeof dir, "%.*s.", (int)path_dir_len(wal_path), wal_path) < (int)sizeof dir;
	return fits && stat(dir, &info) == 0 ? info.st_ino : 0;
}

enum status pushed_markers_open(struct pushed_markers *out, const struct repository_settings *settings,
				uint64_t system_id, const char *wal_path, struct error *err)
{
	char spool[SPOOL_PATH_MAX];
	*out = (struct pushed_markers){.system_id = system_id};
	/* Before the key is read: what is put there meanwhile costs a repeated push. */
	enum status st = identity_text(settings, IDENTITY_FIRST_KEY, out->identity, err);
	if (!st)
		st = spool_prepare(settings->spool, spool, err);
	if (st)
		return st;
	(void)snprintf(out->dir, sizeof out->dir, "%s/push-%" PRIu64 "-%" PRIu64, spool, system_id,
		       dir_inode(wal_path));
	if (mkdir(out->dir, 0700) != 0 && errno != EEXIST)
		return error_errno(err, STATUS_LOCAL, errno, "make %s", out->dir);
	return STATUS_OK;
}

static void note_path(const struct pushed_markers *notes, const char *name, char out[NOTE_PATH_MAX])
{
	(void)snprintf(out, NOTE_PATH_MAX, "%s/%s", notes->dir, name);
}

/*
 * What a note for this file says, word for word. What encrypted the object is part of it: a configuration that could
 * not fetch it again must not acknowledge it.
 */
static size_t note_text(const struct pushed_markers *notes, const struct shipped *file, char out[NOTE_MAX])
{
	return (size_t)snprintf(out, NOTE_MAX,
				"walship 3 pushed\n%scluster %" PRIu64 "\ndevice %" PRIu64 " inode %" PRIu64
				" bytes %" PRIu64 " modified %" PRId64 " changed %" PRId64 "\n",
				notes->identity, file->system_id, file->device, file->inode, file->size,
				file->modified_ns, file->changed_ns);
}

bool pushed_marker_is_there(const struct pushed_markers *notes, const char *name, const struct shipped *file)
{
	char path[NOTE_PATH_MAX], expected[NOTE_MAX], found[NOTE_MAX];
	size_t len = note_text(notes, file, expected);
	note_path(notes, name, path);
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	return fd >= 0 && read(fd, found, sizeof found) == (ssize_t)len && memcmp(found, expected, len) == 0;
}

bool pushed_marker_take(const struct pushed_markers *notes, const char *name, const struct shipped *file)
{
	bool there = pushed_marker_is_there(notes, name, file);
	pushed_marker_forget(notes, name);
	return there;
}

/* At the beginning of the file. Less than all of it is for want of room. */
static enum status write_all(int fd, const char *text, size_t len, const char *where, struct error *err)
{
	ssize_t written = pwrite(fd, text, len, 0);
	if (written == (ssize_t)len)
		return STATUS_OK;
	return error_errno(err, STATUS_LOCAL, written < 0 ? errno : ENOSPC, "write %s", where);
}

enum status pushed_marker_reserve(const struct pushed_markers *notes, const char *name, const struct shipped *file,
				  int *fd, struct error *err)
{
	char path[NOTE_PATH_MAX], text[NOTE_MAX];
	size_t len = note_text(notes, file, text);
	note_path(notes, name, path);
	memset(text, ' ', len);
	*fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0)
		return error_errno(err, STATUS_LOCAL, errno, "write %s", path);
	return write_all(*fd, text, len, path, err);
}

enum status pushed_marker_confirm(const struct pushed_markers *notes, int fd, const struct shipped *file,
				  struct error *err)
{
	char text[NOTE_MAX];
	return write_all(fd, text, note_text(notes, file, text), notes->dir, err);
}

void pushed_marker_forget(const struct pushed_markers *notes, const char *name)
{
	char path[NOTE_PATH_MAX];
	note_path(notes, name, path);
	(void)unlink(path);
}

void pushed_markers_sweep(const struct pushed_markers *notes, const char *wal_path)
{
	CLEANUP(dir_closep) DIR *dir = opendir(notes->dir);
	const struct dirent *entry;
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' && !ready_exists(wal_path, entry->d_name))
			pushed_marker_forget(notes, entry->d_name);
}
