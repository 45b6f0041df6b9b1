#include "cli/signal_hold.h"

#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

/* What the handler needs: there is one process. */
static atomic_int holds;    /* by any thread */
static atomic_int asked_by; /* the signal; 0: none yet */

void die_of_signal(int signal_number)
{
	sigset_t one;
	(void)signal(signal_number, SIG_DFL);
	(void)raise(signal_number);
	/* In its handler a signal is blocked. */
	(void)sigemptyset(&one);
	(void)sigaddset(&one, signal_number);
	(void)sigprocmask(SIG_UNBLOCK, &one, NULL);
	/* Process 1, as in a container, dies of no signal of its own: as a shell would tell that it was one. */
	_exit(128 + signal_number);
}

static void on_signal(int signal_number)
{
	/* Whoever asks twice does not want to wait. First of all it is written down: another thread may release just
	 * now. */
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
