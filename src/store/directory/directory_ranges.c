/* Reads ranges of an object with pread(2). */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "store/directory/directory_private.h"

#define CHUNK (128 * 1024)

struct ranged {
	const struct call *call;
	const struct store_ranges *ranges;
	const char *path;
	int fd;
	char *chunk;
};

/* The file ends at this offset, before range number i does. */
static enum status end_early(const struct ranged *ranged, size_t i, uint64_t offset, struct error *err)
{
	const struct store_range *range = &ranged->ranges->items[i];
	if (ranged->ranges->may_be_shorter && i == ranged->ranges->count - 1)
		return STATUS_OK;
	return error_set(err, STATUS_DAMAGED,
			 "file://%s ends before byte %" PRIu64 ", but bytes %" PRIu64 " to %" PRIu64 " were requested",
			 ranged->path, offset, range->offset, range->offset + range->bytes - 1);
}

static enum status read_range(const struct ranged *ranged, size_t i, struct error *err)
{
	uint64_t at = ranged->ranges->items[i].offset;
	uint64_t end = at + ranged->ranges->items[i].bytes;
	/* Asks for exactly these bytes, where the read-ahead that is switched off would have guessed. */
	if (end - at > CHUNK)
		(void)posix_fadvise(ranged->fd, (off_t)at, (off_t)(end - at), POSIX_FADV_WILLNEED);
	while (at < end) {
		enum status st = directory_check_deadline(ranged->call, "read", ranged->path, err);
		if (st)
			return st;
		size_t wanted = end - at < CHUNK ? (size_t)(end - at) : CHUNK;
		ssize_t got = pread(ranged->fd, ranged->chunk, wanted, (off_t)at);
		if (got == 0)
			return end_early(ranged, i, at, err);
		if (got < 0 && errno != EINTR)
			return directory_error(err, errno, "read", ranged->path);
		if (got > 0)
			st = ranged->ranges->each(ranged->ranges->arg, i, ranged->chunk, (size_t)got, err);
		if (st)
			return st;
		at += got < 0 ? 0 : (uint64_t)got;
	}
	return STATUS_OK;
}

enum status directory_read_ranges(struct store *store, const struct call *call, const char *name,
				  const struct store_ranges *ranges, struct error *err)
{
	char path[PATH_MAX];
	CLEANUP(fd_closep) int fd = -1;
	enum status st = directory_open((struct directory *)store, name, path, &fd, err);
	if (st)
		return st;
	const struct store_range *last = &ranges->items[ranges->count - 1];
	uint64_t span = last->offset + last->bytes - ranges->items[0].offset;
	CLEANUP(freep) char *chunk = malloc(span < CHUNK ? (size_t)span : CHUNK);
	if (chunk == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM); /* avoid read-ahead */
	const struct ranged ranged = {.call = call, .ranges = ranges, .path = path, .fd = fd, .chunk = chunk};
	for (size_t i = 0; i < ranges->count && !st; i++)
		st = read_range(&ranged, i, err);
	return st;
}
