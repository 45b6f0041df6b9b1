#include "cli/detach.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/descriptors.h"

#define TOLD_FD (STDERR_FILENO + 1)

static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGALRM};

static void set_signals(void (*handler)(int))
{
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		(void)signal(signals[i], handler);
}

/*
 * In a container the postmaster may be process 1 and adopts orphaned processes. It takes an adopted process's death by
 * a signal for a backend crash and restarts all backends (CleanupBackend and HandleChildCrash in postmaster.c). This
 * process is the worker's parent instead. It only waits and exits with 0 however the worker ends.
 */
static void wait_for_worker(pid_t worker)
{
	int unused;
	set_signals(SIG_IGN);
	if (chdir("/") != 0)
		_exit(1); /* its working directory would keep a file system busy */
	while (waitpid(worker, &unused, 0) < 0 && errno == EINTR)
		;
	_exit(0);
}

/* PostgreSQL's log collector waits until every process has closed its pipe. */
static void drop_descriptors(int told_fd)
{
	(void)setsid();
	int null_fd = open("/dev/null", O_RDWR);
	if (null_fd < 0)
		_exit(0);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		(void)dup2(null_fd, fd);
	(void)dup2(told_fd, TOLD_FD);
	descriptors_close_from(TOLD_FD + 1);
}

int detach(void (*live)(void *arg, int told_fd), void *arg)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	pid_t child = fork();
	if (child == 0) {
		drop_descriptors(ends[0]);
		pid_t between = getpid();
		pid_t worker = fork();
		if (worker > 0)
			wait_for_worker(worker);
		if (worker == 0) {
			set_signals(SIG_DFL);
			/* The parent may have exited before PR_SET_PDEATHSIG took effect. */
			if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == between)
				live(arg, TOLD_FD);
		}
		_exit(0);
	}
	(void)close(ends[0]);
	if (child < 0) {
		(void)close(ends[1]);
		return -1;
	}
	return ends[1];
}
