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
#include "sys/note.h"
#include "sys/read_file.h"

#define MARKER_PATH_MAX (PUSHED_MARKER_DIR_MAX + WAL_NAME_MAX)

/* The inode of the directory that the WAL file lies in; 0 when there is none. */
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
	/* Before the key is read: a key file that is replaced in between costs a repeated push, no more. */
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

static void marker_path(const struct pushed_markers *markers, const char *name, char out[MARKER_PATH_MAX])
{
	(void)snprintf(out, MARKER_PATH_MAX, "%s/%s", markers->dir, name);
}

/* The key is part of the identity: a push must not succeed where a fetch could not decrypt the object. */
static void marker_note(const struct pushed_markers *markers, const struct shipped *file, struct note *out)
{
	note_begin(out, "pushed");
	note_put_lines(out, markers->identity);
	note_put(out, "cluster", "%" PRIu64, file->system_id);
	note_put(out, "device", "%" PRIu64, file->device);
	note_put(out, "inode", "%" PRIu64, file->inode);
	note_put(out, "bytes", "%" PRIu64, file->size);
	note_put(out, "modified", "%" PRId64, file->modified_ns);
	note_put(out, "changed", "%" PRId64, file->changed_ns);
	(void)note_end(out); /* IDENTITY_MAX and these numbers fit */
}

bool pushed_marker_is_there(const struct pushed_markers *markers, const char *name, const struct shipped *file)
{
	char path[MARKER_PATH_MAX];
	struct note expected;
	marker_note(markers, file, &expected);
	marker_path(markers, name, path);
	return read_file_says(path, expected.text, expected.len);
}

bool pushed_marker_take(const struct pushed_markers *markers, const char *name, const struct shipped *file)
{
	bool there = pushed_marker_is_there(markers, name, file);
	pushed_marker_forget(markers, name);
	return there;
}

/* At offset 0. A short write means that the file system is full. */
static enum status write_all(int fd, const struct note *note, const char *where, struct error *err)
{
	ssize_t written = pwrite(fd, note->text, note->len, 0);
	if (written == (ssize_t)note->len)
		return STATUS_OK;
	return error_errno(err, STATUS_LOCAL, written < 0 ? errno : ENOSPC, "write %s", where);
}

enum status pushed_marker_reserve(const struct pushed_markers *markers, const char *name, const struct shipped *file,
				  int *fd, struct error *err)
{
	char path[MARKER_PATH_MAX];
	struct note blank;
	marker_note(markers, file, &blank);
	marker_path(markers, name, path);
	memset(blank.text, ' ', blank.len);
	*fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0)
		return error_errno(err, STATUS_LOCAL, errno, "write %s", path);
	return write_all(*fd, &blank, path, err);
}

enum status pushed_marker_confirm(const struct pushed_markers *markers, int fd, const struct shipped *file,
				  struct error *err)
{
	struct note marker;
	marker_note(markers, file, &marker);
	return write_all(fd, &marker, markers->dir, err);
}

void pushed_marker_forget(const struct pushed_markers *markers, const char *name)
{
	char path[MARKER_PATH_MAX];
	marker_path(markers, name, path);
	(void)unlink(path);
}

void pushed_markers_sweep(const struct pushed_markers *markers, const char *wal_path)
{
	CLEANUP(dir_closep) DIR *dir = opendir(markers->dir);
	const struct dirent *entry;
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' && !ready_exists(wal_path, entry->d_name))
			pushed_marker_forget(markers, entry->d_name);
}
