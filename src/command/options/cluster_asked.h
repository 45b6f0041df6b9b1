/* The cluster of a command that runs away from the data directory, such as in a container for dumps. */
#ifndef WALSHIP_COMMAND_OPTIONS_CLUSTER_ASKED_H
#define WALSHIP_COMMAND_OPTIONS_CLUSTER_ASKED_H

#include "command/options/context.h"
#include "repo/cluster_id.h"

/*
 * As settings_cluster. Where the options and the working directory say nothing, but pg-conninfo or PGHOST and its kin
 * name a server, asks the server, and notes its answer in the spool. A server that does not answer counts as the one
 * that answered there last. When nobody says which cluster it is, the command's own message does.
 */
struct cluster_hint cluster_asked(const struct command_context *context);

#endif
