/* Shared by expire and mirror --expire. */
#ifndef WALSHIP_COMMAND_EXPIRE_H
#define WALSHIP_COMMAND_EXPIRE_H

#include "command/command.h"
#include "repo/settings.h"

/*
 * Runs expire on a repository, by the retention options of rules. The context has the flags --dry-run and --json, and
 * the cluster. original, which may be NULL: the repository that this one is a copy of.
 */
enum status expire_repository(const struct command_context *context, const struct config *rules,
			      const struct repository_settings *settings, const struct repository_settings *original,
			      struct error *err);

#endif
