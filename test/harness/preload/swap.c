/*
 * For LD_PRELOAD: at the SWAP_AT-th time that SWAP_PATH is opened (from 1), the file SWAP_WITH gets its name just
 * before, as if another process had done it.
 */
#undef _FILE_OFFSET_BITS /* open and open64 are two names of one call: both are taken */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static void swap(const char *opened)
{
	static int times;
	const char *path = getenv("SWAP_PATH"), *with = getenv("SWAP_WITH"), *at = getenv("SWAP_AT");
	size_t len = path == NULL ? 0 : strlen(path);
	size_t opened_len = strlen(opened);
	if (with == NULL || at == NULL || len == 0 || opened_len < len || strcmp(opened + opened_len - len, path) != 0)
		return;
	if (++times == atoi(at) && rename(with, opened) != 0)
		_exit(99);
}

/* Callers that give no mode leave something there that the kernel does not look at. */
#define OPEN(name)                                                                                                     \
	int name(const char *path, int flags, ...)                                                                     \
	{                                                                                                              \
		va_list list;                                                                                          \
		va_start(list, flags);                                                                                 \
		mode_t mode = va_arg(list, mode_t);                                                                    \
		va_end(list);                                                                                          \
		swap(path);                                                                                            \
		return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);                                          \
	}
OPEN(open)
OPEN(open64)
