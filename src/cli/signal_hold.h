/* SIGTERM, SIGINT and SIGHUP: the end at once, or as soon as nothing would stay behind. */
#ifndef WALSHIP_CLI_SIGNAL_HOLD_H
#define WALSHIP_CLI_SIGNAL_HOLD_H

#include "base/call.h"

/*
 * Takes the signals that end a process, but for those that are ignored (nohup). The process dies of the signal itself:
 * PostgreSQL tells a restore_command that was ended by SIGTERM from one that failed (RestoreArchivedFile,
 * xlogarchive.c).
 */
const struct signal_hold *signal_hold_install(void);

/* Ends the process by the signal, whether that is ignored or not. */
void die_of_signal(int signal_number);

#endif
