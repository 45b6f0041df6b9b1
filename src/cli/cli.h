/* The command line: from argv to a command, and from its outcome to an exit code. */
#ifndef WALSHIP_CLI_CLI_H
#define WALSHIP_CLI_CLI_H

#include "walship/error.h"

struct process {
	int argc;
	char **argv;
	char **environment;
	int out_fd;
	int err_fd;
};

/* Does what argv says, prints to the two descriptors, and returns the process's exit code. */
int cli_run(const struct process *process);

/* For what fails before: says so, and returns the exit code for whoever reads that of argv's command. */
int cli_fail(const struct process *process, enum status st, const struct error *err);

#endif
