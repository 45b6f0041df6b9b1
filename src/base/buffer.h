/* A byte buffer that grows up to a limit. */
#ifndef WALSHIP_BASE_BUFFER_H
#define WALSHIP_BASE_BUFFER_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "walship/error.h"

struct buffer {
	uint8_t *data; /* owned; NULL while empty */
	size_t len;
	size_t capacity;
	size_t max; /* limit of len; 0: none */
};

/* Append to the buffer. STATUS_LOCAL when memory is short or the limit is exceeded; the buffer is then unchanged. */
enum status buffer_append(struct buffer *buffer, const void *data, size_t len, struct error *err);
enum status buffer_printf(struct buffer *buffer, struct error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
enum status buffer_vprintf(struct buffer *buffer, struct error *err, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

/* Returns the content as a string. A 0 byte, not counted in len, ends it. Returns "" when the buffer is empty. */
const char *buffer_text(const struct buffer *buffer);

/* Empties the buffer and keeps its storage. */
void buffer_clear(struct buffer *buffer);

/* Frees the storage and leaves the zero state. */
void buffer_fini(struct buffer *buffer);

#endif
