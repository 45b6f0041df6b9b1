/* Shared by fetch and cat. */
#ifndef WALSHIP_COMMAND_FETCH_H
#define WALSHIP_COMMAND_FETCH_H

#include "command/command.h"
#include "pg/data/control.h"
#include "walship/fetch.h"

/*
 * Sets name, system_id and call of *fetch, and context->reader: who reads the exit code. dest is where the file goes,
 * NULL for standard output. *directory receives the data directory, if there is one. STATUS_USAGE when the cluster is
 * not known.
 */
enum status fetch_identify(struct command_context *context, struct fetch *fetch, const char *dest,
			   struct data_directory *directory, struct error *err);

#endif
