/* The outcome of a walship function, for its caller. error.h has the text for the operator. */
#ifndef WALSHIP_STATUS_H
#define WALSHIP_STATUS_H

enum status {
#define STATUS(name, push, fetch, standby, promotion, monitor, meaning) STATUS_##name,
#include "walship/status.def"
#undef STATUS
	STATUS_COUNT
};

/* The reader of the exit code: each value names a column of status.def. */
enum exit_for { EXIT_FOR_PUSH, EXIT_FOR_FETCH, EXIT_FOR_STANDBY, EXIT_FOR_PROMOTION, EXIT_FOR_MONITOR, EXIT_FOR_COUNT };

/* Returns the process exit code that reports status to reader. */
int status_exit_code(enum status status, enum exit_for reader);

/* Returns the meaning of status, for the help and the man page. Static storage. */
const char *status_meaning(enum status status);

#endif
