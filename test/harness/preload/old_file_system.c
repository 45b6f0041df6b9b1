/*
 * For LD_PRELOAD: a file system that lacks what the variable WITHOUT names: "tmpfile" (files without a name, as on
 * NFS), "links" (hard links, as on FAT), "noreplace" (RENAME_NOREPLACE, as on exFAT).
 */
#undef _FILE_OFFSET_BITS /* openat and openat64 are two names of one call: both are taken */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int lacks(const char *what)
{
	const char *list = getenv("WITHOUT");
	return list != NULL && strstr(list, what) != NULL;
}

static int open_at(int dir, const char *path, int flags, mode_t mode)
{
	if ((flags & O_TMPFILE) == O_TMPFILE && lacks("tmpfile")) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return (int)syscall(SYS_openat, dir, path, flags, mode);
}

/* Callers that give no mode leave something there that the kernel does not look at. */
#define OPEN_AT(name)                                                                                                  \
	int name(int dir, const char *path, int flags, ...)                                                            \
	{                                                                                                              \
		va_list list;                                                                                          \
		va_start(list, flags);                                                                                 \
		mode_t mode = va_arg(list, mode_t);                                                                    \
		va_end(list);                                                                                          \
		return open_at(dir, path, flags, mode);                                                                \
	}
OPEN_AT(openat)
OPEN_AT(openat64)

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	if (lacks("links")) {
		errno = EPERM;
		return -1;
	}
	return (int)syscall(SYS_linkat, from_dir, from, to_dir, to, flags);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	if (flags != 0 && lacks("noreplace")) {
		errno = EINVAL;
		return -1;
	}
	return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
}
