#include "backup/block_source.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sys/read_file.h"

#define READS_MAX 5 /* of one page. The server writes a page at once: usually the second read suffices */

uint64_t block_source_hole(const struct block_source *source, uint64_t block, uint64_t count)
{
	off_t data = lseek(source->fd, (off_t)(block * PAGE_BYTES), SEEK_DATA);
	/* ENXIO: no data up to the end. Other errors: a file system without holes. */
	if (data < 0)
		return errno == ENXIO ? count : 0;
	uint64_t holes = (uint64_t)data / PAGE_BYTES - block;
	return holes < count ? holes : count;
}

enum status block_source_read(const struct block_source *source, uint64_t block, size_t count, uint8_t *out,
			      struct error *err)
{
	uint64_t begin = block * PAGE_BYTES, end = begin + count * (uint64_t)PAGE_BYTES;
	size_t wanted = (size_t)((end < source->size ? end : source->size) - begin);
	ssize_t got = read_file_at(source->fd, out, wanted, begin);
	if (got < 0)
		return error_errno(err, STATUS_LOCAL, errno, "read %s", source->path);
	size_t done = (size_t)got;
	memset(out + done, 0, count * PAGE_BYTES - done);
	return STATUS_OK;
}

enum status block_source_check(const struct block_source *source, uint64_t block, uint8_t *page, bool *wrong,
			       struct error *err)
{
	*wrong = false;
	/* A short last block is a page that the server is just adding. */
	if (!source->has_checksums || block_bytes(source->size, block) < PAGE_BYTES)
		return STATUS_OK;
	for (int reads = 1;; reads++) {
		*wrong = page_check(page, source->first_page + (uint32_t)block, source->start_lsn) == PAGE_WRONG;
		if (!*wrong || reads == READS_MAX)
			return STATUS_OK;
		enum status st = block_source_read(source, block, 1, page, err);
		if (st)
			return st;
	}
}
