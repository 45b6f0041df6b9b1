/* From the configuration to the plain structs that the rooms below take. */
#ifndef WALSHIP_COMMAND_OPTIONS_SETTINGS_H
#define WALSHIP_COMMAND_OPTIONS_SETTINGS_H

#include "command/options/context.h"
#include "pg/server/postgres.h"
#include "repo/cluster_id.h"
#include "repo/settings.h"
#include "walship/push.h"

/*
 * Fills the settings that open the repository. out points into the configuration and the environment of context.
 * STATUS_USAGE when the options contradict each other. repository_open checks the files and programs that they name.
 */
enum status settings_repository(struct repository_settings *out, const struct command_context *context,
				struct error *err);

/* How to connect to the server. */
struct postgres_settings settings_postgres(const struct command_context *context);

/* The time of an option, in UTC seconds; 0: the option is not set. STATUS_USAGE: its value is not a time. */
enum status settings_time(const struct config *config, enum option_id id, int64_t *out, struct error *err);

/* The cluster, as the options describe it. */
struct cluster_hint settings_cluster(const struct config *config);

/*
 * How the options want a file compressed, and the cluster that they name. The codec may not be usable on this machine:
 * see codec_check. Store, keys, path and threads are the caller's to set.
 */
struct push settings_push(const struct config *config);

/* The threads that compress and encrypt for a base backup or a dump, from 1 on. */
unsigned settings_threads(const struct config *config);

/* Whether s3-bandwidth-limit is given: it holds for each connection, so that more of them would exceed it. */
bool settings_bandwidth_is_limited(const struct config *config);

#endif
