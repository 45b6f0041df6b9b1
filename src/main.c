/* The owner of the process: descriptors, signals, and what must not be left behind. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/cli.h"

#define MEMORY_KEPT_BYTES (512 * 1024) /* what is larger goes back to the kernel when it is freed */

/* A file opened as descriptor 2 would receive the messages: a WAL segment, say. */
static int open_standard_descriptors(void)
{
	int fd;
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return -1;
	(void)close(fd);
	return 0;
}

/* Keys are in memory: no core, to a file or to a pipe, and no other process of this user may look. */
static void forbid_cores(void)
{
	struct rlimit none = {0, 0};
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0);
}

/*
 * By itself glibc keeps whatever is as large as something that was freed before, for each thread: a part of each
 * connection, a context of zstd, though only some of them are needed at a time.
 */
static void give_memory_back(void)
{
#ifdef M_MMAP_THRESHOLD
	(void)mallopt(M_MMAP_THRESHOLD, MEMORY_KEPT_BYTES);
#endif
}

int main(int argc, char **argv)
{
	struct process process = {argc, argv, environ, STDOUT_FILENO, STDERR_FILENO};
	if (open_standard_descriptors() != 0) {
		struct error err = {0};
		return cli_fail(&process, error_errno(&err, STATUS_LOCAL, errno, "open /dev/null"), &err);
	}
	forbid_cores();
	give_memory_back();
	/* A closed pipe and a file-size limit are errors to report, not deaths: a signal would end PostgreSQL's
	 * archiver. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	/* Who ignores the end of his children, and starts us, would keep us from seeing how ours end. */
	(void)signal(SIGCHLD, SIG_DFL);
	return cli_run(&process);
}
