#include "archive/push/push_source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/call.h"
#include "base/cleanup.h"
#include "pg/wal/content.h"
#include "repo/cluster_id.h"

static int64_t nanoseconds(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

static void identify(const struct stat *info, struct shipped *out)
{
	out->device = info->st_dev;
	out->inode = info->st_ino;
	out->size = (uint64_t)info->st_size;
	out->modified_ns = nanoseconds(&info->st_mtim);
	out->changed_ns = nanoseconds(&info->st_ctim);
}

static enum status not_opened(const char *path, int errno_value, struct error *err)
{
	(void)error_errno(err, STATUS_LOCAL, errno_value, "open %s", path);
	if (errno_value == EACCES || errno_value == EPERM)
		return error_hint(err, STATUS_LOCAL,
				  "user id %u may not read it: run this as the user that PostgreSQL runs as",
				  (unsigned)geteuid());
	if (errno_value != ENOENT)
		return STATUS_LOCAL;
	if (path[0] == '/')
		return error_hint(err, STATUS_LOCAL,
				  "check the path: the server renames and removes files that it no longer needs");
	return error_hint(err, STATUS_LOCAL,
			  "archive_command = 'walship push %%p' names the file relative to the data directory");
}

static enum status open_file(struct push_source *source, const char *path, struct error *err)
{
	struct stat info;
	source->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	source->is_open = source->fd >= 0;
	if (source->fd < 0 || fstat(source->fd, &info) != 0)
		return not_opened(path, errno, err);
	if (!S_ISREG(info.st_mode))
		return error_set(err, STATUS_USAGE, "%s is not a regular file", path);
	identify(&info, &source->file);
	return STATUS_OK;
}

/* Judges the file by its head; a segment's header also tells the cluster. */
static enum status check_content(struct push_source *source, const char *path, struct error *err)
{
	uint8_t head[WAL_HEAD_BYTES];
	ssize_t got;
	do
		got = pread(source->fd, head, sizeof head, 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_errno(err, STATUS_LOCAL, errno, "read %s", path);
	struct wal_head known = {.bytes = head, .len = (size_t)got, .size = source->file.size};
	return wal_content_check(&source->name, &known, &source->file.system_id, err);
}

static enum status find_cluster(struct push_source *source, const struct push *push, struct error *err)
{
	struct cluster_hint hint = {push->pg_data, push->system_id};
	enum status st = cluster_id_of_file(&hint, push->path, &source->file.system_id, err);
	if (st || source->file.system_id != 0)
		return st;
	(void)error_set(err, STATUS_USAGE, "the file's system identifier is not known");
	return error_hint(
	    err, STATUS_USAGE,
	    "a %s file does not contain it: run walship in the data directory, or give --pg-data or --system-id",
	    source->name.kind == WAL_HISTORY ? ".history" : ".backup");
}

static enum status in_push(const struct push_source *source, enum status st, struct error *err)
{
	if (!st)
		return STATUS_OK;
	return source->name.text[0] == '\0' ? error_wrap(err, st, "push")
					    : error_wrap(err, st, "push %s", source->name.text);
}

enum status push_source_open(struct push_source *out, const struct push *push, struct error *err)
{
	*out = (struct push_source){0};
	enum status st = wal_name_from_path(&out->name, push->path, err);
	if (!st)
		st = open_file(out, push->path, err);
	if (!st)
		st = check_content(out, push->path, err);
	if (!st)
		st = find_cluster(out, push, err);
	log_about_system(push->call->log, out->file.system_id);
	return in_push(out, st, err);
}

/*
 * PostgreSQL renames a file that it recycles and writes into it, so that the name may have another file, or another
 * content, by now. The time of the inode's change does not matter: a new link to the file changes no content.
 */
static enum status check_current(const struct push_source *source, const char *path, struct error *err)
{
	struct stat info;
	struct shipped now;
	const struct shipped *then = &source->file;
	if (stat(path, &info) != 0)
		return not_opened(path, errno, err);
	identify(&info, &now);
	if (now.device == then->device && now.inode == then->inode && now.size == then->size &&
	    now.modified_ns == then->modified_ns)
		return STATUS_OK;
	(void)error_set(err, STATUS_CONFLICT, "the file changed after walship checked it");
	return error_hint(err, STATUS_CONFLICT,
			  "another program writes to pg_wal: run walship backfill again when it has finished");
}

enum status push_source_check_current(const struct push_source *source, const struct push *push, struct error *err)
{
	return in_push(source, check_current(source, push->path, err), err);
}

enum status push_source_check_unchanged(const struct push_source *source, const struct push *push, uint64_t bytes,
					struct error *err)
{
	struct stat info;
	struct shipped now;
	if (fstat(source->fd, &info) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "look at %s", push->path);
	identify(&info, &now);
	if (bytes == now.size && now.size == source->file.size && now.modified_ns == source->file.modified_ns)
		return STATUS_OK;
	return error_set(err, STATUS_CONFLICT,
			 "the file changed while walship read it: %" PRIu64 " bytes, then %" PRIu64, source->file.size,
			 now.size);
}

void push_source_close(struct push_source *source)
{
	if (source->is_open)
		fd_closep(&source->fd);
	*source = (struct push_source){0};
}
