#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum status reserve(struct buffer *buffer, size_t more, struct error *err)
{
	if (more > SIZE_MAX / 4 || (buffer->max != 0 && more > buffer->max - buffer->len))
		return error_set(err, STATUS_LOCAL, "more than %zu bytes", buffer->max);
	size_t need = buffer->len + more + 1; /* the 0 byte for buffer_text */
	if (need <= buffer->capacity)
		return STATUS_OK;
	size_t capacity = need + need / 2;
	uint8_t *data = realloc(buffer->data, capacity);
	if (data == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory for %zu bytes", capacity);
	buffer->data = data;
	buffer->capacity = capacity;
	return STATUS_OK;
}

enum status buffer_append(struct buffer *buffer, const void *data, size_t len, struct error *err)
{
	enum status st = reserve(buffer, len, err);
	if (st)
		return st;
	if (len > 0)
		memcpy(buffer->data + buffer->len, data, len);
	buffer->len += len;
	buffer->data[buffer->len] = 0;
	return STATUS_OK;
}

enum status buffer_vprintf(struct buffer *buffer, struct error *err, const char *format, va_list args)
{
	va_list again;
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	enum status st = reserve(buffer, (size_t)len, err);
	if (st)
		return st;
	(void)vsnprintf((char *)buffer->data + buffer->len, (size_t)len + 1, format, args);
	buffer->len += (size_t)len;
	return STATUS_OK;
}

enum status buffer_printf(struct buffer *buffer, struct error *err, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	enum status st = buffer_vprintf(buffer, err, format, args);
	va_end(args);
	return st;
}

const char *buffer_text(const struct buffer *buffer)
{
	return buffer->data == NULL ? "" : (const char *)buffer->data;
}

void buffer_clear(struct buffer *buffer)
{
	buffer->len = 0;
	if (buffer->data != NULL)
		buffer->data[0] = 0;
}

void buffer_fini(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){0};
}
