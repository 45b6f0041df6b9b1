/* How many threads a restore uses. */
#ifndef WALSHIP_COMMAND_OPTIONS_RESTORE_THREADS_H
#define WALSHIP_COMMAND_OPTIONS_RESTORE_THREADS_H

#include "config/config.h"

/* By restore-threads, else two for each processor, at most 8; one with a limit of the bandwidth. */
unsigned restore_threads(const struct config *config);

#endif
