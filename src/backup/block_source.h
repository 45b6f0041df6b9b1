/* Reads a file of a running server's data directory in blocks of one page, and checks the checksums of its pages. */
#ifndef WALSHIP_BACKUP_BLOCK_SOURCE_H
#define WALSHIP_BACKUP_BLOCK_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pg/data/page.h"
#include "walship/error.h"

struct block_source {
	int fd;
	const char *path; /* for errors */
	uint64_t size;    /* that the backup keeps: the size when the walk found the file */
	bool has_checksums;
	uint32_t first_page; /* the file's first page in its fork */
	uint64_t start_lsn;  /* of the backup */
};

/*
 * The number of blocks from this one on, at most count, that lie in a hole of the file: they need not be read, and all
 * their bytes are 0.
 */
uint64_t block_source_hole(const struct block_source *source, uint64_t block, uint64_t count);

/*
 * Reads count blocks into out, and fills the rest of the last block with zeros. A file that was truncated meanwhile
 * gives zeros after its end: replay of the WAL repeats the truncation. STATUS_LOCAL when the file cannot be read.
 */
enum status block_source_read(const struct block_source *source, uint64_t block, size_t count, uint8_t *out,
			      struct error *err);

/*
 * Whether a block, as it was read, is a page with a wrong checksum. Reads the page again a few times first, into page:
 * the server may have been writing it. A page newer than the backup is not checked, because WAL replaces it.
 */
enum status block_source_check(const struct block_source *source, uint64_t block, uint8_t *page, bool *wrong,
			       struct error *err);

#endif
