/* The process that fetches what recovery will ask for next: one for a cluster, and it ends by itself. */
#ifndef WALSHIP_ARCHIVE_FETCH_FETCH_AHEAD_H
#define WALSHIP_ARCHIVE_FETCH_FETCH_AHEAD_H

#include "archive/fetch/prefetch_client.h"
#include "command/command.h"

/*
 * Starts it, detached from this one, and returns the writing end of a pipe: it begins once it is told there, by
 * fetch_ahead_begin, what recovery has got, and ends when the pipe is closed without that. -1 when it cannot be
 * started. Called before any library is loaded and any connection opened.
 */
int fetch_ahead_start(const struct command_context *context, const struct prefetch_client *client, uint64_t system_id);

void fetch_ahead_begin(int fd, const char *name, uint64_t segment_bytes);

#endif
