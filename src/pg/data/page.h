/* A page of a relation's main or other forks, as it lies on disk (storage/bufpage.h), and its checksum. */
#ifndef WALSHIP_PG_DATA_PAGE_H
#define WALSHIP_PG_DATA_PAGE_H

#include <stddef.h>
#include <stdint.h>

#define PAGE_BYTES 8192 /* BLCKSZ; walship refuses a server that was built with another one */

/* The blocks of a file of this size: the last one may be short. */
static inline uint64_t block_count(uint64_t size)
{
	return size / PAGE_BYTES + (size % PAGE_BYTES > 0);
}

/* The bytes of a block of a file of this size: PAGE_BYTES, or less for the last one. */
static inline size_t block_bytes(uint64_t size, uint64_t block)
{
	uint64_t left = size - block * PAGE_BYTES;
	return left < PAGE_BYTES ? (size_t)left : PAGE_BYTES;
}

enum page_state {
	PAGE_RIGHT,
	PAGE_NEW,   /* no checksum to check: the server has extended the file and written nothing yet (PageIsNew) */
	PAGE_NEWER, /* not checked: written since the backup's start, so that WAL replaces it
		       (src/backend/backup/basebackup.c) */
	PAGE_WRONG,
};

/*
 * The checksum that the server writes into a page (storage/checksum_impl.h, pg_checksum_page), from 1 to 65535. number
 * is that of the page in the whole fork, over all of its segment files; it is part of the sum.
 */
uint16_t page_checksum(const void *page, uint32_t number);

/* start_lsn: of the backup; 0 checks every page, as is right for a stopped server. */
enum page_state page_check(const void *page, uint32_t number, uint64_t start_lsn);

#endif
