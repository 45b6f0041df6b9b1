/* From the configuration to the plain structs that the rooms below take. */
#ifndef WALSHIP_COMMAND_SETTINGS_H
#define WALSHIP_COMMAND_SETTINGS_H

#include "command/command.h"
#include "repo/cluster_id.h"
#include "repo/settings.h"
#include "walship/push.h"

/*
 * What the repository is opened by. out points into the configuration and the environment of context. STATUS_USAGE when
 * the options contradict each other; what they name is looked at when the repository is opened.
 */
enum status settings_repository(struct repository_settings *out, const struct command_context *context,
				struct error *err);

/* What the options say of the cluster. */
struct cluster_hint settings_cluster(const struct config *config);

/*
 * How the options want a file compressed, and the cluster that they name. The codec may not be usable on this machine:
 * see codec_check. Store, keys, path and threads are the caller's to set.
 */
struct push settings_push(const struct config *config);

/* Whether s3-bandwidth-limit is given: it holds for each connection, so that more of them would exceed it. */
bool settings_bandwidth_is_limited(const struct config *config);

#endif
