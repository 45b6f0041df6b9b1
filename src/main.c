/* Process-wide setup before the command line is read: descriptors, signals, core dumps and malloc. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/cli.h"

#define MEMORY_KEPT_BYTES (128 * 1024) /* free() returns larger blocks to the kernel */
#define ARENAS_MAX 2

/* With descriptor 2 closed, the next opened file, such as a WAL segment, would receive the messages. */
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

/* Keys are in memory: forbid core dumps, to a file or a pipe, and ptrace by other processes of this user. */
static void forbid_cores(void)
{
	struct rlimit none = {0, 0};
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0);
}

/*
 * glibc raises its mmap threshold with each large free and then keeps such blocks in every thread's arena. Connections
 * and states of codecs are that large, and only some of them are needed at a time. For the same reason threads share
 * arenas: each of eight kept what a push had needed once. walship allocates too seldom for threads to wait.
 */
static void bound_kept_memory(void)
{
#ifdef M_MMAP_THRESHOLD
	(void)mallopt(M_MMAP_THRESHOLD, MEMORY_KEPT_BYTES);
#endif
#ifdef M_ARENA_MAX
	(void)mallopt(M_ARENA_MAX, ARENAS_MAX);
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
	bound_kept_memory();
	/* A closed pipe and a file-size limit must be reported as errors: death by a signal would end PostgreSQL's
	 * archiver. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	/* A parent that ignores SIGCHLD passes that on, and waitpid would not report how our children end. */
	(void)signal(SIGCHLD, SIG_DFL);
	return cli_run(&process);
}
