/* The command line of another walship with the options of this call. */
#ifndef WALSHIP_COMMAND_OPTIONS_SELF_COMMAND_H
#define WALSHIP_COMMAND_OPTIONS_SELF_COMMAND_H

#include "base/buffer.h"
#include "command/options/context.h"

/*
 * Appends this program's path, --config if a file was read, and the options that this call's command line has, for
 * text/argsplit.h. The environment is the caller's to pass on.
 */
enum status self_command_make(struct buffer *out, const struct command_context *context, struct error *err);

#endif
