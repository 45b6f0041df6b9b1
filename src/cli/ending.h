/* SIGTERM, SIGINT and SIGHUP: the end at once, or as soon as nothing would stay behind. */
#ifndef WALSHIP_CLI_ENDING_H
#define WALSHIP_CLI_ENDING_H

#include "base/call.h"

/*
 * Takes the signals that end a process, but for those that are ignored (nohup). The process dies of the signal itself:
 * PostgreSQL tells a restore_command that was ended by SIGTERM from one that failed (RestoreArchivedFile,
 * xlogarchive.c).
 */
const struct ending *ending_install(void);

/* Ends the process by the signal, whether that is ignored or not. */
void ending_die_of(int signal_number);

#endif
