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
#define KIND "pushed"
#define CONFIRMED "confirmed" /* a line's key, which is read back */

/* Names the directory of the markers. Copies on two disks may have the same inode. */
static void name_dir(struct pushed_markers *markers, const char *spool, const char *wal_path)
{
	char dir[PATH_MAX];
	struct stat info;
	if (snprintf(dir, sizeof dir, "%.*s.", (int)path_dir_len(wal_path), wal_path) >= (int)sizeof dir ||
	    stat(dir, &info) != 0)
		info = (struct stat){0};
	(void)snprintf(markers->dir, sizeof markers->dir, "%s/push-%" PRIu64 "-%" PRIu64 "-%" PRIu64, spool,
		       markers->system_id, (uint64_t)info.st_dev, (uint64_t)info.st_ino);
}

enum status pushed_markers_open(struct pushed_markers *out, const struct pushed_marker_place *place, struct error *err)
{
	char spool[SPOOL_PATH_MAX];
	struct repo_url url;
	struct error ignored = {0};
	const struct repository_settings *settings = place->settings;
	*out = (struct pushed_markers){.system_id = place->system_id,
				       .clock = place->clock,
				       .age_max_ms = PUSHED_MARKER_AGE_MS + 2 * place->push_timeout_ms};
	/* Before the key is read: a key file that is replaced in between costs a repeated push, no more. */
	enum status st = identity_text(settings, IDENTITY_FIRST_KEY, out->identity, err);
	if (!st)
		st = boot_id(out->boot, err);
	if (!st)
		st = spool_prepare(settings->spool, spool, err);
	if (st)
		return st;
	/* Opening the repository reports a wrong URL. */
	if (repo_url_parse(&url, settings->url, &ignored) == STATUS_OK && url.kind == REPO_FILE)
		(void)strcpy(out->root, url.path);
	name_dir(out, spool, place->wal_path);
	out->is_new = mkdir(out->dir, 0700) == 0;
	if (!out->is_new && errno != EEXIST)
		return error_errno(err, STATUS_LOCAL, errno, "make %s", out->dir);
	return STATUS_OK;
}

static void marker_path(const struct pushed_markers *markers, const char *name, char out[MARKER_PATH_MAX])
{
	(void)snprintf(out, MARKER_PATH_MAX, "%s/%s", markers->dir, name);
}

/* The object as the store has confirmed it. */
struct confirmed {
	uint64_t device, inode, bytes; /* in a directory; zeros for a bucket */
	int64_t changed_ns;
	int64_t at_ms; /* on the monotonic scale of this start of the machine */
};

/*
 * A repository that is made anew at the same place may have the device, the inode of its root and the names of its
 * objects, but not this object. False: the directory does not have the object.
 */
static bool look_at_object(const struct pushed_markers *markers, const char *name, struct confirmed *out)
{
	char object[WAL_OBJECT_NAME_MAX], path[URI_PATH_MAX + WAL_OBJECT_NAME_MAX];
	struct wal_name wal;
	struct stat info;
	struct error ignored = {0};
	*out = (struct confirmed){.at_ms = clock_monotonic_ms(markers->clock)};
	if (markers->root[0] == '\0')
		return true;
	if (wal_name_parse(&wal, name, &ignored))
		return false;
	wal_object_name(object, markers->system_id, &wal);
	(void)snprintf(path, sizeof path, "%s/%s", markers->root, object);
	if (stat(path, &info) != 0)
		return false;
	out->device = info.st_dev;
	out->inode = info.st_ino;
	out->bytes = (uint64_t)info.st_size;
	out->changed_ns = (int64_t)info.st_ctim.tv_sec * 1000000000 + info.st_ctim.tv_nsec;
	return true;
}

/*
 * The key is part of the identity: a push must not succeed where a fetch could not decrypt the object. The numbers of
 * the object have a fixed width, so that their room can be reserved.
 */
static void marker_note(const struct pushed_markers *markers, const struct shipped *file,
			const struct confirmed *object, struct note *out)
{
	note_begin(out, KIND);
	note_put_lines(out, markers->identity);
	note_put(out, "cluster", "%" PRIu64, file->system_id);
	note_put(out, "device", "%" PRIu64, file->device);
	note_put(out, "inode", "%" PRIu64, file->inode);
	note_put(out, "bytes", "%" PRIu64, file->size);
	note_put(out, "modified", "%" PRId64, file->modified_ns);
	note_put(out, "changed", "%" PRId64, file->changed_ns);
	note_put(out, "boot", "%s", markers->boot);
	note_put(out, "object-device", "%020" PRIu64, object->device);
	note_put(out, "object-inode", "%020" PRIu64, object->inode);
	note_put(out, "object-bytes", "%020" PRIu64, object->bytes);
	note_put(out, "object-changed", "%020" PRId64, object->changed_ns);
	note_put(out, CONFIRMED, "%020" PRId64, object->at_ms);
	(void)note_end(out); /* IDENTITY_MAX and these numbers fit */
}

static bool is_recent(const struct pushed_markers *markers, int64_t now_ms, int64_t then_ms)
{
	return markers->root[0] != '\0' || (now_ms >= then_ms && now_ms - then_ms <= markers->age_max_ms);
}

bool pushed_marker_is_there(const struct pushed_markers *markers, const char *name, const struct shipped *file)
{
	char path[MARKER_PATH_MAX], text[NOTE_MAX];
	struct note found, expected;
	struct confirmed object;
	struct error ignored = {0};
	uint64_t at_ms;
	marker_path(markers, name, path);
	if (read_file_text(path, text, sizeof text, &ignored) || !note_parse(&found, KIND, text) ||
	    !note_number(&found, CONFIRMED, INT64_MAX, &at_ms) || !look_at_object(markers, name, &object) ||
	    !is_recent(markers, object.at_ms, (int64_t)at_ms))
		return false;
	object.at_ms = (int64_t)at_ms;
	marker_note(markers, file, &object, &expected);
	return strcmp(text, expected.text) == 0;
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
	marker_note(markers, file, &(struct confirmed){0}, &blank);
	marker_path(markers, name, path);
	memset(blank.text, ' ', blank.len);
	*fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0)
		return error_errno(err, STATUS_LOCAL, errno, "write %s", path);
	return write_all(*fd, &blank, path, err);
}

enum status pushed_marker_confirm(const struct pushed_markers *markers, const char *name, const struct shipped *file,
				  int fd, struct error *err)
{
	struct note marker;
	struct confirmed object;
	if (!look_at_object(markers, name, &object))
		return error_set(err, STATUS_LOCAL, "the repository no longer has %s", name);
	marker_note(markers, file, &object, &marker);
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
