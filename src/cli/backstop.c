#include "cli/backstop.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/time.h>
#include <unistd.h>

#define GRACE_S 5 /* inner deadlines expire first and give better errors */

#define LINES_MAX 512

/* State for the SIGALRM handler: a process has one alarm. */
static volatile const enum exit_for *armed_reader;
static volatile int armed_fd;
static char armed_lines[LINES_MAX]; /* formatted in advance: a signal handler must not format */
static volatile size_t armed_len;
static volatile int64_t armed_ms;

static void on_alarm(int signal)
{
	(void)signal;
	int code = status_exit_code(STATUS_UNREACHABLE, *armed_reader);
	if (write(armed_fd, armed_lines, armed_len) < 0)
		_exit(code); /* no way to report it */
	_exit(code);
}

static void set_timer(int64_t seconds)
{
	struct itimerval timer = {.it_value.tv_sec = seconds};
	(void)setitimer(ITIMER_REAL, &timer, NULL);
}

void backstop_arm(const struct backstop *backstop)
{
	struct sigaction action = {.sa_handler = on_alarm};
	int len = snprintf(armed_lines, sizeof armed_lines,
			   "walship: %s %.200s: still blocked several seconds after the timeout\n"
			   "walship: hint: a disk or mount does not respond: check the kernel log\n",
			   backstop->command, backstop->operand);
	armed_len = len < 0 ? 0 : (size_t)len;
	armed_reader = backstop->reader;
	armed_fd = backstop->err_fd;
	(void)sigaction(SIGALRM, &action, NULL);
	armed_ms = backstop->timeout_ms;
	backstop_again();
}

void backstop_again(void)
{
	set_timer(armed_ms / 1000 + GRACE_S);
}

void backstop_disarm(void)
{
	set_timer(0);
}
