/* The last resort against a call that hangs where no deadline is looked at: a dead NFS server, a stuck disk. */
#ifndef WALSHIP_CLI_BACKSTOP_H
#define WALSHIP_CLI_BACKSTOP_H

#include <stdint.h>

#include "walship/status.h"

/*
 * Ends the process some seconds after timeout_ms with the exit code for STATUS_UNREACHABLE and a line on err_fd.
 * *reader is read then, and must live until backstop_disarm.
 */
void backstop_arm(int64_t timeout_ms, int err_fd, const enum exit_for *reader);
void backstop_disarm(void);

#endif
