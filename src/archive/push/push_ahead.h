/* While PostgreSQL waits for one file, the next ones that are ready go too. */
#ifndef WALSHIP_ARCHIVE_PUSH_PUSH_AHEAD_H
#define WALSHIP_ARCHIVE_PUSH_PUSH_AHEAD_H

#include "archive/push/pushed_marker.h"
#include "command/command.h"
#include "repo/repository.h"

/*
 * push_file for push->path, whose outcome this returns; beside it, in threads, for as many of the files that wait as
 * push-ahead allows. Each of those that the store has confirmed leaves a note. Their troubles are left to their own
 * calls. session is push's.
 */
enum status push_with_others(const struct push *push, const struct repository *repo, const struct pushed_markers *notes,
			     const struct command_context *context, struct error *err);

#endif
