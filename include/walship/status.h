/* The outcome of a walship function, for the caller to act on. The text for the operator is in error.h. */
#ifndef WALSHIP_STATUS_H
#define WALSHIP_STATUS_H

enum status {
#define STATUS(name, push, fetch, standby, monitor, meaning) STATUS_##name,
#include "walship/status.def"
#undef STATUS
	STATUS_COUNT
};

/* Which program interprets the exit code: see the columns of status.def. */
enum exit_for { EXIT_FOR_PUSH, EXIT_FOR_FETCH, EXIT_FOR_STANDBY, EXIT_FOR_MONITOR, EXIT_FOR_COUNT };

/* The process exit code that reports this status to the reader. */
int status_exit_code(enum status status, enum exit_for reader);

/* The meaning of the status, for help and man page. Static storage. */
const char *status_meaning(enum status status);

#endif
