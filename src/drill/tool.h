/* Runs one of PostgreSQL's programs for the drill's server. */
#ifndef WALSHIP_DRILL_TOOL_H
#define WALSHIP_DRILL_TOOL_H

#include "base/call.h"
#include "sys/secret.h"

struct tool {
	const char *bindir, *name;
	const char *const *argv; /* without the program's name; ends with NULL */
	const char *const *environment;
	void (*waits)(void *arg); /* NULL: not called */
};

/* Whether the program is installed. */
bool tool_is_there(const char *bindir, const char *name);

/*
 * Runs the program up to the call's deadline. *out receives its output, also if it fails. STATUS_UNREACHABLE: it failed
 * or did not exit in time; the text has the first line of its standard error. STATUS_USAGE: it cannot be started.
 */
enum status tool_run(const struct tool *tool, const struct call *call, struct secret *out, struct error *err);

struct tool_environment {
	const char **items; /* owned, with the last ones; ends with NULL */
	char *own[4];
};

/*
 * The environment without the variables of libpq, which could lead to another server; with socket's directory and user
 * unless they are NULL. tool_environment_fini whatever happens.
 */
enum status tool_environment_make(struct tool_environment *out, const char *const *environment, const char *sockets,
				  const char *user, struct error *err);
void tool_environment_fini(struct tool_environment *environment);

#endif
