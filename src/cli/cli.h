/* Runs one command line: parses argv, runs the command and maps its status to an exit code. */
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

/* Runs the command in argv, prints to the two descriptors, and returns the process exit code. */
int cli_run(const struct process *process);

/* Reports a failure before cli_run, and returns the exit code for the command in argv. */
int cli_fail(const struct process *process, enum status st, const struct error *err);

#endif
