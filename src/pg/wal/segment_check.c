#include "pg/wal/segment_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "pg/wal/records.h"

#define CHUNK (256 * 1024)

static enum status read_through(int fd, const char *path, struct records *records, uint64_t left, struct error *err)
{
	CLEANUP(freep) char *chunk = malloc(CHUNK);
	enum status st = chunk == NULL ? error_set(err, STATUS_LOCAL, "out of memory") : STATUS_OK;
	while (!st && left > 0) {
		ssize_t got = read(fd, chunk, left < CHUNK ? left : CHUNK);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, STATUS_LOCAL, errno, "read %s", path);
		if (got == 0)
			return error_set(err, STATUS_CONFLICT, "%s was cut off while it was read", path);
		st = records_feed(records, chunk, (size_t)got, err);
		left -= (uint64_t)got;
	}
	return st;
}

/* Returns how many bytes of the segment at this LSN must be valid. */
static uint64_t required_bytes(const struct segment_check *check, uint64_t begin_lsn)
{
	bool left = check->switch_lsn > begin_lsn && check->switch_lsn - begin_lsn < check->segment_bytes;
	return left ? check->switch_lsn - begin_lsn : check->segment_bytes;
}

static enum status read_records(struct segment_check *check, uint64_t number, struct error *err)
{
	struct records records;
	uint64_t begin_lsn = number * check->segment_bytes;
	CLEANUP(freep) struct crc32c *crc32c = malloc(sizeof *crc32c);
	if (crc32c == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	crc32c_init(crc32c);
	CLEANUP(fd_closep) int fd = open(check->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return error_errno(err, STATUS_LOCAL, errno, "open %s", check->path);
	records_init(&records, crc32c, check->system_id, check->name->timeline, begin_lsn,
		     (uint32_t)check->segment_bytes);
	enum status st = read_through(fd, check->path, &records, required_bytes(check, begin_lsn), err);
	check->newer = records_are_newer(&records);
	return st;
}

enum status segment_check(struct segment_check *check, struct error *err)
{
	uint64_t number;
	check->newer = false;
	if (!wal_segment_size_is_valid(check->segment_bytes) ||
	    !wal_name_number(check->name, (uint32_t)check->segment_bytes, &number))
		return error_set(err, STATUS_CONFLICT, "no segment of %llu bytes has this name",
				 (unsigned long long)check->segment_bytes);
	enum status st = read_records(check, number, err);
	if (st != STATUS_CONFLICT)
		return st;
	(void)error_wrap(err, st, "the segment is incomplete");
	return error_hint(
	    err, st,
	    "it was copied while it was written, or is damaged: the server that wrote it, or another copy of its "
	    "pg_wal, may have all of it");
}
