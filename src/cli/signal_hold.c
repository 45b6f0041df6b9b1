#include "cli/signal_hold.h"

#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

/* State shared with the signal handler. */
static atomic_int holds;    /* of all threads */
static atomic_int asked_by; /* the pending signal; 0: none */

void die_of_signal(int signal_number)
{
	sigset_t one;
	(void)signal(signal_number, SIG_DFL);
	(void)raise(signal_number);
	/* The signal is blocked while its handler runs. */
	(void)sigemptyset(&one);
	(void)sigaddset(&one, signal_number);
	(void)sigprocmask(SIG_UNBLOCK, &one, NULL);
	/* Process 1, as in a container, survives its own signal: exit with the code that a shell would report. */
	_exit(128 + signal_number);
}

static void on_signal(int signal_number)
{
	/* A second signal ends the process at once. Record the signal before checking holds, because another thread
	 * may release the last hold at this moment. */
	if (atomic_exchange(&asked_by, signal_number) != 0 || holds == 0)
		die_of_signal(signal_number);
}

static void hold(void)
{
	holds++;
}

static void release(void)
{
	if (atomic_fetch_sub(&holds, 1) == 1 && asked_by != 0)
		die_of_signal(asked_by);
}

static bool asked(void)
{
	return asked_by != 0;
}

const struct signal_hold *signal_hold_install(void)
{
	static const struct signal_hold signal_hold = {hold, release, asked};
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		struct sigaction action = {.sa_handler = on_signal};
		struct sigaction before;
		if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			(void)sigaction(signals[i], &action, NULL);
	}
	return &signal_hold;
}
