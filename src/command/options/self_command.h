/* The command line of another walship with options of this call. */
#ifndef WALSHIP_COMMAND_OPTIONS_SELF_COMMAND_H
#define WALSHIP_COMMAND_OPTIONS_SELF_COMMAND_H

#include "base/buffer.h"
#include "command/options/context.h"

struct self_command {
	/* Appends a word, quoted for the reader of the line. */
	enum status (*word)(struct buffer *out, const char *word, struct error *err);
	/* Whether an option, which is not at its default, belongs on the line. */
	bool (*wants)(const struct command_context *context, enum option_id id);
	bool absolute; /* paths of files: the line runs in another directory */
};

/* Appends this program's path, --config if a file was read, and the options that the line wants. */
enum status self_command_make(struct buffer *out, const struct command_context *context,
			      const struct self_command *line, struct error *err);

/* For text/argsplit.h, in this directory, with the options of this call's command line. The environment is the
 * caller's to pass on. */
extern const struct self_command self_command_child;

#endif
