/* Complete writes to a file descriptor. */
#ifndef WALSHIP_SYS_OUTPUT_H
#define WALSHIP_SYS_OUTPUT_H

#include <stddef.h>

#include "walship/error.h"

/*
 * Writes all bytes. STATUS_UNREAD when fd is a pipe without a reader; STATUS_LOCAL for other failures, with "write
 * WHERE: " and the text of errno.
 */
enum status output_write(int fd, const char *where, const void *data, size_t len, struct error *err);

#endif
