/* The process that fetches the segments that recovery will ask for next: one for a cluster; it ends by itself. */
#ifndef WALSHIP_ARCHIVE_FETCH_PREFETCHER_H
#define WALSHIP_ARCHIVE_FETCH_PREFETCHER_H

#include "archive/fetch/fetch_ahead.h"
#include "archive/fetch/prefetch_client.h"

/*
 * Starts the process and returns the writing end of a pipe, which the caller closes: the process begins once
 * prefetcher_begin has told it there which segment recovery has got, and ends when the pipe is closed without that. -1
 * when it cannot be started. Called before any library is loaded and any connection opened.
 */
int prefetcher_start(const struct fetch_ahead *ahead, const struct prefetch_client *client);

void prefetcher_begin(int fd, const char *name, uint64_t segment_bytes);

#endif
