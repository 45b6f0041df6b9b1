/* The log of a drill's server: why it ended. */
#ifndef WALSHIP_DRILL_SERVER_LOG_H
#define WALSHIP_DRILL_SERVER_LOG_H

#include <stdbool.h>

#define SERVER_LOG_CAUSE_MAX 700

/*
 * The first line with FATAL or PANIC, and before it the last line of walship's own, as of a fetch that failed. Returns
 * whether the recovery had begun.
 */
bool server_log_cause(char out[SERVER_LOG_CAUSE_MAX], const char *path);

#endif
