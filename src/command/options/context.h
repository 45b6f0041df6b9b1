/* What a command is called with. */
#ifndef WALSHIP_COMMAND_OPTIONS_CONTEXT_H
#define WALSHIP_COMMAND_OPTIONS_CONTEXT_H

#include <stdbool.h>
#include <string.h>

#include "base/call.h"
#include "config/config.h"
#include "console/console.h"
#include "walship/error.h"

struct command_context {
	const struct config *config;
	const struct call *call;
	const char *const *operands; /* as many as the command's row in cli/commands.def asks for */
	const char *const *flags;    /* names of those that were given, then NULL; may be NULL */
	const char *const *environment;
	struct console console;
	int (*detach)(void (*live)(void *arg, int told_fd),
		      void *arg); /* fetch: cli/detach.h; NULL: no other process is started */
	enum exit_for
	    reader; /* who will read the exit code; fetch changes it for a standby or a server that is promoted */
};

/* Whether --name was given. */
static inline bool command_flag(const struct command_context *context, const char *name)
{
	for (const char *const *flag = context->flags; flag != NULL && *flag != NULL; flag++)
		if (strcmp(*flag, name) == 0)
			return true;
	return false;
}

#endif
