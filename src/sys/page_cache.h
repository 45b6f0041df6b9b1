/* What of a file is in the kernel's page cache. */
#ifndef WALSHIP_SYS_PAGE_CACHE_H
#define WALSHIP_SYS_PAGE_CACHE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether at least half of a range of an open file is in the page cache. false where the kernel does not tell: Linux
 * before 6.5 has no cachestat(2), and later ones tell it only to who may write to the file.
 */
bool page_cache_has(int fd, uint64_t offset, uint64_t bytes);

#endif
