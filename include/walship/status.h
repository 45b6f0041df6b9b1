/* The outcome of every walship function, for decisions; error.h has the text for people. */
#ifndef WALSHIP_STATUS_H
#define WALSHIP_STATUS_H

enum status {
#define STATUS(name, push, fetch, standby, monitor, meaning) STATUS_##name,
#include "walship/status.def"
#undef STATUS
	STATUS_COUNT
};

/* Who reads the exit code: the columns of status.def. */
enum exit_for { EXIT_FOR_PUSH, EXIT_FOR_FETCH, EXIT_FOR_STANDBY, EXIT_FOR_MONITOR, EXIT_FOR_COUNT };

/* Returns the exit code of this status for this reader. */
int status_exit_code(enum status status, enum exit_for reader);

/* Returns the meaning of the status, for help and man page. Static storage. */
const char *status_meaning(enum status status);

#endif
