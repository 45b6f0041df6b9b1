#include "sys/descriptors.h"

#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "text/number.h"

void descriptors_close_listed(int first)
{
	CLEANUP(dir_closep) DIR *list = opendir("/proc/self/fd");
	if (list == NULL)
		return;
	/* The kernel finds the next entry by its number, so closing descriptors hides none of the others. */
	for (struct dirent *entry = readdir(list); entry != NULL; entry = readdir(list)) {
		uint64_t fd;
		if (number_parse(entry->d_name, INT_MAX, &fd) && (int)fd >= first && (int)fd != dirfd(list))
			(void)close((int)fd);
	}
}

void descriptors_close_from(int first)
{
	/* musl has the number of the system call and no function for it. */
	if (syscall(SYS_close_range, (unsigned)first, UINT_MAX, 0) != 0)
		descriptors_close_listed(first);
}
