#include "cli/detach.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOLD_FD (STDERR_FILENO + 1)

static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGALRM};

static void set_signals(void (*handler)(int))
{
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		(void)signal(signals[i], handler);
}

/*
 * Where the server itself is process 1, as in its container, it becomes the parent of every process that lost its own,
 * and takes its death by a signal for the crash of a backend, upon which it ends all of them (CleanupBackend and
 * HandleChildCrash in postmaster.c). So this process stays in between, only waits, and ends well whatever becomes
 * of the other.
 */
static void stand_between(pid_t worker)
{
	int unused;
	set_signals(SIG_IGN);
	if (chdir("/") != 0)
		_exit(1); /* it would keep a file system from being unmounted */
	while (waitpid(worker, &unused, 0) < 0 && errno == EINTR)
		;
	_exit(0);
}

/* PostgreSQL's log waits for the end of everybody who holds its pipe. */
static void let_go(int told_fd)
{
	(void)setsid();
	int null_fd = open("/dev/null", O_RDWR);
	if (null_fd < 0)
		_exit(0);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		(void)dup2(null_fd, fd);
	(void)dup2(told_fd, TOLD_FD);
	closefrom(TOLD_FD + 1);
}

int detach(void (*live)(void *arg, int told_fd), void *arg)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	pid_t child = fork();
	if (child == 0) {
		let_go(ends[0]);
		pid_t between = getpid();
		pid_t worker = fork();
		if (worker > 0)
			stand_between(worker);
		if (worker == 0) {
			set_signals(SIG_DFL);
			/* It may have gone before it was said that its end is this one's too. */
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
