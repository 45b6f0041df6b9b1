#include "restore/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sys/open_beneath.h"

#define OWNER_RIGHTS 0600          /* while the restore writes; tree_writer.c sets lesser modes at the end */
#define LARGE_BYTES (128UL * 1024) /* of one write: the disk begins at once, so that the sync at the end is short */

int target_open_path(const struct roots *roots, const char *path, int flags)
{
	const char *below;
	size_t root = roots_find(roots, path, &below);
	return open_beneath(roots->items[root].fd, below, flags, OWNER_RIGHTS);
}

static const char *path_of(const struct target *target)
{
	return round_path(target->round, target->file);
}

static enum status set_file(const struct target *target, struct error *err)
{
	struct stat info;
	if (fstat(target->fd, &info) != 0 ||
	    ((uint64_t)info.st_size != target->file->size && ftruncate(target->fd, (off_t)target->file->size) != 0))
		return error_errno(err, STATUS_LOCAL, errno, "set the size of %s", path_of(target));
	return roots_adopt(target->roots, target->fd, target->file->mode | OWNER_RIGHTS, path_of(target), err);
}

enum status target_open(struct target *target, struct round_file *file, struct error *err)
{
	enum status st = STATUS_OK;
	if (target->file == file)
		return STATUS_OK;
	st = target_close(target, err);
	if (st)
		return st;
	int flags = file->is_there ? O_RDWR : O_RDWR | O_CREAT;
	target->fd = target_open_path(target->roots, round_path(target->round, file), flags);
	if (target->fd < 0)
		return error_errno(err, STATUS_LOCAL, errno, "%s %s", file->is_there ? "open" : "create",
				   round_path(target->round, file));
	target->file = file;
	target->is_direct = false;
	return atomic_exchange(&file->is_set, true) ? STATUS_OK : set_file(target, err);
}

/* Without the copy in the page cache, which costs more processor time than all else. */
static bool is_aligned(const void *data, size_t len, uint64_t offset)
{
	return ((uintptr_t)data | len | offset) % TARGET_DIRECT_ALIGN == 0;
}

static void set_direct(struct target *target, bool direct)
{
	if (target->is_direct == direct)
		return;
	int flags = fcntl(target->fd, F_GETFL);
	if (flags >= 0 && fcntl(target->fd, F_SETFL, direct ? flags | O_DIRECT : flags & ~O_DIRECT) == 0)
		target->is_direct = direct;
	else
		target->no_direct = true;
}

/* Whether the write may be tried again without O_DIRECT, which this file system or its blocks do not allow. */
static bool give_up_direct(struct target *target)
{
	if (!target->is_direct)
		return false;
	set_direct(target, false);
	target->no_direct = true;
	return !target->is_direct;
}

enum status target_write(struct target *target, const void *data, size_t len, uint64_t offset, struct error *err)
{
	const char *at = data;
	target->written += len;
	set_direct(target, len >= LARGE_BYTES && !target->no_direct && is_aligned(data, len, offset));
	for (size_t left = len; left > 0;) {
		ssize_t done = pwrite(target->fd, at, left, (off_t)offset);
		if (done < 0 && (errno == EINTR || (errno == EINVAL && give_up_direct(target))))
			continue;
		if (done < 0)
			return error_errno(err, STATUS_LOCAL, errno, "write %s", path_of(target));
		at += done;
		offset += (uint64_t)done;
		left -= (size_t)done;
	}
	if (len >= LARGE_BYTES && !target->is_direct)
		(void)sync_file_range(target->fd, (off_t)(offset - len), (off_t)len, SYNC_FILE_RANGE_WRITE);
	return STATUS_OK;
}

static enum status write_zeros(struct target *target, uint64_t offset, uint64_t end, struct error *err)
{
	static const char zeros[64 * 1024];
	enum status st = STATUS_OK;
	while (!st && offset < end) {
		size_t len = end - offset < sizeof zeros ? (size_t)(end - offset) : sizeof zeros;
		st = target_write(target, zeros, len, offset, err);
		offset += len;
	}
	return st;
}

enum status target_clear(struct target *target, uint64_t offset, uint64_t len, struct error *err)
{
	uint64_t end = offset + len;
	off_t data = lseek(target->fd, (off_t)offset, SEEK_DATA);
	/* ENXIO: no data up to the end of the file. */
	if (data < 0 ? errno == ENXIO : (uint64_t)data >= end)
		return STATUS_OK;
	if (fallocate(target->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)len) == 0)
		return STATUS_OK;
	return errno == EOPNOTSUPP ? write_zeros(target, offset, end, err)
				   : error_errno(err, STATUS_LOCAL, errno, "make a hole in %s", path_of(target));
}

enum status target_close(struct target *target, struct error *err)
{
	struct round_file *file = target->file;
	if (file == NULL)
		return STATUS_OK;
	target->file = NULL;
	return close(target->fd) == 0
		   ? STATUS_OK
		   : error_errno(err, STATUS_LOCAL, errno, "write %s", round_path(target->round, file));
}

void target_fini(struct target *target)
{
	if (target->file != NULL)
		fd_closep(&target->fd);
	target->file = NULL;
}
