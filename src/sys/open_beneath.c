#include "sys/open_beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/* openat2(2). The C library has no declarations of it, and the headers of the kernel are not everywhere. */
struct how {
	uint64_t flags, mode, resolve;
};
#define BENEATH 0x08     /* RESOLVE_BENEATH */
#define NO_SYMLINKS 0x04 /* RESOLVE_NO_SYMLINKS */

/* Before Linux 5.6, and where a sandbox refuses system calls that it does not know. */
static int open_by_components(int directory, const char *path, int flags, mode_t mode)
{
	CLEANUP(fd_closep) int at = -1;
	char name[NAME_MAX + 1];
	for (;;) {
		size_t len = strcspn(path, "/");
		if (len == 0 || len > NAME_MAX) {
			errno = len == 0 ? EINVAL : ENAMETOOLONG;
			return -1;
		}
		memcpy(name, path, len);
		name[len] = '\0';
		int from = at < 0 ? directory : at;
		if (path[len] == '\0')
			return openat(from, name, flags | O_NOFOLLOW | O_CLOEXEC, mode);
		int next = openat(from, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return -1;
		fd_closep(&at);
		at = next;
		path += len + 1;
	}
}

int open_beneath(int directory, const char *path, int flags, mode_t mode)
{
	if (*path == '\0')
		return openat(directory, ".", flags | O_CLOEXEC);
	const struct how how = {
	    .flags = (unsigned)flags | O_NOFOLLOW | O_CLOEXEC,
	    .mode = (flags & O_CREAT) != 0 ? mode : 0,
	    .resolve = BENEATH | NO_SYMLINKS,
	};
	long fd = syscall(SYS_openat2, directory, path, &how, sizeof how);
	/* EAGAIN: something was renamed meanwhile. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM || errno == EAGAIN))
		return open_by_components(directory, path, flags, mode);
	return (int)fd;
}
