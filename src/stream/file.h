/* The ends of a chain that are files. */
#ifndef WALSHIP_STREAM_FILE_H
#define WALSHIP_STREAM_FILE_H

#include <stdint.h>

#include "stream/sink.h"
#include "sys/newfile.h"

/*
 * Writes into file, which stays the caller's and must outlive it: finish does not make it appear. More than
 * max_bytes is STATUS_DAMAGED: no WAL file is that long.
 */
enum status file_sink_new(struct sink **out, struct newfile *file, uint64_t max_bytes, struct error *err);

/*
 * Compares what it is given with the content of fd from its beginning, byte by byte. STATUS_CONFLICT at the first
 * difference, and when one ends before the other. fd stays the caller's.
 */
enum status compare_sink_new(struct sink **out, int fd, struct error *err);

/* Writes all of fd, from its beginning, into the sink; does not finish it. *bytes receives their number. */
enum status file_copy(int fd, const char *path, struct sink *into, uint64_t *bytes, struct error *err);

#endif
