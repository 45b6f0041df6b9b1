#include "sys/ancestor.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/read_file.h"
#include "text/number.h"

#define STAT_MAX 1024 /* of /proc/PID/stat */
#define LEVELS_MAX 16 /* a shell or two, a script, sudo */
#define NS_PER_S 1000000000LL

/* The fields of /proc/PID/stat (proc(5)). The second one, the name of the program, may contain anything. */
enum { FIELD_NAME = 2, FIELD_PARENT = 4, FIELD_START = 22 };

struct process {
	uint64_t parent;
	uint64_t start_ticks; /* since the start of the machine */
};

static bool read_process(pid_t pid, struct process *out)
{
	char path[64], text[STAT_MAX];
	struct error ignored;
	(void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	if (read_file_text(path, text, sizeof text, &ignored))
		return false;
	const char *at = strrchr(text, ')');
	*out = (struct process){0};
	for (int field = FIELD_NAME + 1; at != NULL && field <= FIELD_START; field++) {
		at = strchr(at, ' ');
		at = at == NULL ? NULL : at + 1;
		if (at != NULL && field == FIELD_PARENT && number_read(at, INT32_MAX, &out->parent) == NULL)
			return false;
	}
	return at != NULL && number_read(at, INT64_MAX, &out->start_ticks) != NULL;
}

static int64_t now_ns(clockid_t clock)
{
	struct timespec now = {0};
	(void)clock_gettime(clock, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static struct timespec utc_of_ticks(uint64_t ticks)
{
	int64_t since_boot_ns = (int64_t)ticks * (NS_PER_S / sysconf(_SC_CLK_TCK));
	int64_t utc_ns = now_ns(CLOCK_REALTIME) - (now_ns(CLOCK_BOOTTIME) - since_boot_ns);
	return (struct timespec){utc_ns / NS_PER_S, utc_ns % NS_PER_S};
}

/* The process whose parent is this one; 0: none. */
static pid_t find_below(pid_t parent, struct process *out)
{
	pid_t pid = getpid();
	for (int level = 0; level < LEVELS_MAX && pid > 0 && read_process(pid, out); level++) {
		if (out->parent == (uint64_t)parent)
			return pid;
		pid = (pid_t)out->parent;
	}
	return 0;
}

bool ancestor_start(pid_t parent, struct timespec *out)
{
	struct process process;
	if (find_below(parent, &process) == 0)
		return false;
	*out = utc_of_ticks(process.start_ticks);
	return true;
}

bool ancestor_has_output(pid_t parent, int fd)
{
	char path[64];
	struct process process;
	struct stat own, its;
	pid_t pid = find_below(parent, &process);
	if (pid == 0 || fstat(fd, &own) != 0)
		return false;
	(void)snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, STDOUT_FILENO);
	if (stat(path, &its) != 0)
		return !S_ISREG(own.st_mode);
	return own.st_dev == its.st_dev && own.st_ino == its.st_ino;
}
