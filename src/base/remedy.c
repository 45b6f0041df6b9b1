#include "base/remedy.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define PROCESS_HINT                                                                                                   \
	"this process has reached its limit of open files: raise the limit (ulimit -n, LimitNOFILE of the server's "   \
	"unit)"
#define MACHINE_HINT "this machine has reached its limit of open files: raise fs.file-max (sysctl)"
#define MEMORY_HINT "memory is short: check the limits of this user, the machine and the container"
#define DISK_HINT "a disk or its connection has failed: look at the kernel's log (dmesg)"
#define LINK_HINT                                                                                                      \
	"symbolic links form a loop, or walship does not follow links here: namei -l shows each link of a path"

static const struct {
	int errno_value;
	const char *hint;
} table[] = {
    {EMFILE, PROCESS_HINT}, {ENFILE, MACHINE_HINT}, {ENOMEM, MEMORY_HINT}, {EIO, DISK_HINT}, {ELOOP, LINK_HINT},
};
#define COUNT (sizeof table / sizeof table[0])

const char *remedy_of_errno(int errno_value)
{
	for (size_t i = 0; i < COUNT; i++)
		if (table[i].errno_value == errno_value)
			return table[i].hint;
	return NULL;
}

const char *remedy_of_text(const char *text)
{
	for (size_t i = 0; i < COUNT; i++)
		if (strstr(text, strerror(table[i].errno_value)) != NULL)
			return table[i].hint;
	return NULL;
}
