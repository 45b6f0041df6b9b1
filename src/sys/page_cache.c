#include "sys/page_cache.h"

#include <sys/syscall.h>
#include <unistd.h>

/* As linux/mman.h of Linux 6.5 has them: Debian 12 has older headers. The number is that of all machines but alpha. */
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

struct cachestat_range {
	uint64_t offset, bytes;
};

struct cachestat_result {
	uint64_t cached, dirty, writeback, evicted, recently_evicted; /* pages */
};

bool page_cache_has(int fd, uint64_t offset, uint64_t bytes)
{
	struct cachestat_range range = {offset, bytes};
	struct cachestat_result result = {0};
	long page = sysconf(_SC_PAGESIZE);
	if (page <= 0 || syscall(SYS_cachestat, fd, &range, &result, 0) != 0)
		return false;
	return result.cached * (uint64_t)page >= bytes / 2;
}
