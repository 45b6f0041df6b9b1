/* The restore_command of a server that is restored: it finds the same repository as this call. */
#ifndef WALSHIP_COMMAND_OPTIONS_RESTORE_COMMAND_H
#define WALSHIP_COMMAND_OPTIONS_RESTORE_COMMAND_H

#include "base/buffer.h"
#include "command/options/context.h"

/*
 * Appends this program's path, --config if a file was read, the options for the repository from the command line and
 * the environment, which the server does not have, and "fetch %f %p". Logs a warning for a secret from the environment:
 * the server needs that itself.
 */
enum status restore_command_make(struct buffer *out, const struct command_context *context, struct error *err);

#endif
