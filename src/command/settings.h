/* From the configuration to the plain structs that the rooms below take. */
#ifndef WALSHIP_COMMAND_SETTINGS_H
#define WALSHIP_COMMAND_SETTINGS_H

#include "command/command.h"
#include "repo/cluster_id.h"
#include "repo/settings.h"

/*
 * What the repository is opened by. out points into the configuration and the environment of context. STATUS_USAGE when
 * the options contradict each other; what they name is looked at when the repository is opened.
 */
enum status settings_repository(struct repository_settings *out, const struct command_context *context,
				struct error *err);

/* What the options say of the cluster. */
struct cluster_hint settings_cluster(const struct config *config);

#endif
