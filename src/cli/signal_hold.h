/* Delays SIGTERM, SIGINT and SIGHUP while a thread holds them, so that no unfinished work stays behind. */
#ifndef WALSHIP_CLI_SIGNAL_HOLD_H
#define WALSHIP_CLI_SIGNAL_HOLD_H

#include "base/call.h"

/*
 * Installs the handlers, except for signals that are ignored (nohup). Without a hold the process dies at once, else
 * with the last release or a second signal. It dies by the signal itself, because PostgreSQL distinguishes a
 * restore_command ended by SIGTERM from one that failed (RestoreArchivedFile, xlogarchive.c).
 */
const struct signal_hold *signal_hold_install(void);

/* Ends the process by the signal, even if the signal is ignored or blocked. */
void die_of_signal(int signal_number);

#endif
