/* The last resort against a call that blocks where no deadline is checked: a dead NFS server, a stuck disk. */
#ifndef WALSHIP_CLI_BACKSTOP_H
#define WALSHIP_CLI_BACKSTOP_H

#include <stdint.h>

#include "walship/status.h"

struct backstop {
	int64_t timeout_ms;
	int err_fd;
	const enum exit_for *reader; /* read when the alarm fires; must live until backstop_disarm */
	const char *command;
	const char *operand; /* the first operand, or "" */
};

/* Ends the process some seconds after the timeout with the exit code for STATUS_UNREACHABLE and a line on err_fd. */
void backstop_arm(const struct backstop *backstop);
void backstop_disarm(void);

/* Restarts the timeout after progress. Any thread may call it, after backstop_arm. */
void backstop_again(void);

#endif
