#include "restore/compare.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sys/read_file.h"

static enum status clear(struct target *target, struct round_file *file, const struct round_run *run, struct error *err)
{
	uint64_t begin = run->block * PAGE_BYTES, end = begin + run->count * PAGE_BYTES;
	if (target->roots->plans)
		return STATUS_OK;
	enum status st = target_open(target, file, err);
	return st ? st : target_clear(target, begin, (end < file->size ? end : file->size) - begin, err);
}

static void compare_blocks(const struct block_hash *hash, struct round_run *run, uint64_t size, uint64_t *hashes,
			   const uint8_t *content)
{
	run->is_same = true;
	for (uint64_t i = 0; i < run->count; i++) {
		size_t len = block_bytes(size, run->block + i);
		bool differs = block_hash(hash, content + i * PAGE_BYTES, len) != hashes[i];
		run->is_same = run->is_same && !differs;
		hashes[i] = differs;
	}
}

enum status compare_run(struct target *target, const struct block_hash *hash, struct round_run *run, uint8_t *content,
			struct error *err)
{
	struct round_file *file = &target->round->files[run->file];
	uint64_t *hashes = round_hashes(target->round, run);
	const char *path = round_path(target->round, file);
	if (run->is_zero)
		return clear(target, file, run, err);
	if (hashes == NULL)
		return STATUS_OK;
	CLEANUP(fd_closep) int fd = target_open_path(target->roots, path, O_RDONLY);
	if (fd < 0)
		return error_errno(err, STATUS_LOCAL, errno, "open %s", path);
	uint64_t begin = run->block * PAGE_BYTES, end = begin + run->count * PAGE_BYTES;
	size_t wanted = (size_t)((end < file->size ? end : file->size) - begin);
	ssize_t got = read_file_at(fd, content, wanted, begin);
	if (got < 0)
		return error_errno(err, STATUS_LOCAL, errno, "read %s", path);
	/* Behind its end the file has what it will have once it is as long as the backup's. */
	memset(content + got, 0, wanted - (size_t)got);
	compare_blocks(hash, run, file->size, hashes, content);
	return STATUS_OK;
}
