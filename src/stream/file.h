/* Files as the last stage of a chain. */
#ifndef WALSHIP_STREAM_FILE_H
#define WALSHIP_STREAM_FILE_H

#include <stdint.h>

#include "stream/sink.h"
#include "sys/newfile.h"

/*
 * Writes into file, which the caller owns and which must outlive the sink. finish does not publish it. STATUS_DAMAGED
 * for more than max_bytes: no WAL file is that long.
 */
enum status file_sink_new(struct sink **out, struct newfile *file, uint64_t max_bytes, struct error *err);

/*
 * Compares the written bytes with the content of fd from its start. STATUS_CONFLICT at the first difference, including
 * different lengths. The caller owns fd.
 */
enum status compare_sink_new(struct sink **out, int fd, struct error *err);

/* Writes all of fd from its start into the sink and does not finish it. *bytes receives the number of bytes. */
enum status file_copy(int fd, const char *path, struct sink *into, uint64_t *bytes, struct error *err);

#endif
