/* Where an archive_command archives to: walship's configuration as that command line gives it. */
#ifndef WALSHIP_COMMAND_OPTIONS_ARCHIVE_TARGET_H
#define WALSHIP_COMMAND_OPTIONS_ARCHIVE_TARGET_H

#include "check/archive_command.h"
#include "walship/error.h"

/*
 * Loads the configuration that command names, and compares it with ours, a struct config, as archive_command_compare
 * does. STATUS_LOCAL when this user cannot read that configuration, and why.
 */
enum status archive_target_compare(const struct archive_command *command, const void *ours, struct error *err);

#endif
