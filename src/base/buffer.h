/* Bytes that grow up to a bound. */
#ifndef WALSHIP_BASE_BUFFER_H
#define WALSHIP_BASE_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include "walship/error.h"

struct buffer {
	uint8_t *data; /* owned; NULL while empty */
	size_t len;
	size_t capacity;
	size_t max; /* the most it may hold; 0: no bound of its own */
};

/* STATUS_LOCAL when memory is short or the bound is passed; the buffer is then unchanged. */
enum status buffer_append(struct buffer *buffer, const void *data, size_t len, struct error *err);
enum status buffer_printf(struct buffer *buffer, struct error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The content as a string: a 0 byte stands behind it that len does not count. "" when empty. */
const char *buffer_text(const struct buffer *buffer);

/* Forgets the content and keeps the storage. */
void buffer_clear(struct buffer *buffer);

/* Frees the storage and leaves the zero state. */
void buffer_fini(struct buffer *buffer);

#endif
