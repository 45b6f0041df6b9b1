/*
 * For LD_PRELOAD: the Nth allocation (variable FAIL_ALLOCATION) fails, counted from main's first prctl, so that the
 * loader's own are left alone. FAIL_ALLOCATION=0 fails none. At the end the count goes to the file
 * FAIL_ALLOCATION_COUNT, if that is set.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static atomic_long count;
static long wanted;
static atomic_bool begun;

static _Bool fails(void)
{
	if (!atomic_load(&begun) || atomic_fetch_add(&count, 1) + 1 != wanted)
		return 0;
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t items, size_t size)
{
	return fails() ? NULL : __libc_calloc(items, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}

int prctl(int option, ...)
{
	va_list list;
	va_start(list, option);
	unsigned long argument = va_arg(list, unsigned long);
	va_end(list);
	const char *text = getenv("FAIL_ALLOCATION");
	wanted = text == NULL ? 0 : strtol(text, NULL, 10);
	atomic_store(&begun, 1);
	return (int)syscall(SYS_prctl, option, argument, 0, 0, 0);
}

__attribute__((destructor)) static void tell(void)
{
	const char *path = getenv("FAIL_ALLOCATION_COUNT");
	if (path == NULL)
		return;
	char text[32];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int len = snprintf(text, sizeof text, "%ld", atomic_load(&count));
	if (fd >= 0 && write(fd, text, (size_t)len) == len)
		(void)close(fd);
}
