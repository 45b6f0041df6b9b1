/* All of some bytes to a file descriptor. */
#ifndef WALSHIP_SYS_OUTPUT_H
#define WALSHIP_SYS_OUTPUT_H

#include <stddef.h>

#include "walship/error.h"

/* STATUS_UNREAD when it is a pipe that nobody reads any more; STATUS_LOCAL, with "write WHERE: " and errno's words,
 * when not all of it could be written. */
enum status output_write(int fd, const char *where, const void *data, size_t len, struct error *err);

#endif
