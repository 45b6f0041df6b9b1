/* What a push leaves behind for those who watch: a record of failures in the spool, and notify-command. */
#ifndef WALSHIP_ARCHIVE_PUSH_PUSH_OUTCOME_H
#define WALSHIP_ARCHIVE_PUSH_PUSH_OUTCOME_H

#include "command/command.h"

/*
 * The push of the file that context names has ended with st. Costs two system calls when it succeeded and none had
 * failed before; without a usable spool nothing is noted. Never changes how the push has ended.
 */
void push_outcome_note(struct command_context *context, enum status st, const struct error *outcome);

#endif
