#include "cli/backstop.h"

#include <signal.h>
#include <stddef.h>
#include <sys/time.h>
#include <unistd.h>

#define GRACE_S 5 /* the deadlines inside come first and say more */

/* What the handler of SIGALRM needs: there is one process and one alarm. */
static volatile const enum exit_for *armed_reader;
static volatile int armed_fd;

static void on_alarm(int signal)
{
	static const char line[] = "walship: the call hung beyond its timeout: a disk or a mount does not answer\n";
	(void)signal;
	if (write(armed_fd, line, sizeof line - 1) < 0)
		_exit(status_exit_code(STATUS_UNREACHABLE, *armed_reader));
	_exit(status_exit_code(STATUS_UNREACHABLE, *armed_reader));
}

static void set_timer(int64_t seconds)
{
	struct itimerval timer = {.it_value.tv_sec = seconds};
	(void)setitimer(ITIMER_REAL, &timer, NULL);
}

void backstop_arm(int64_t timeout_ms, int err_fd, const enum exit_for *reader)
{
	struct sigaction action = {.sa_handler = on_alarm};
	armed_reader = reader;
	armed_fd = err_fd;
	(void)sigaction(SIGALRM, &action, NULL);
	set_timer(timeout_ms / 1000 + GRACE_S);
}

void backstop_disarm(void)
{
	set_timer(0);
	armed_reader = NULL;
}
