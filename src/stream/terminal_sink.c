#include "stream/terminal_sink.h"

enum status terminal_sink_finish(struct sink *sink, struct error *err)
{
	(void)sink, (void)err;
	return STATUS_OK;
}

void terminal_sink_free(struct sink *sink)
{
	(void)sink;
}

static enum status drop(struct sink *sink, const void *data, size_t len, struct error *err)
{
	(void)sink, (void)data, (void)len, (void)err;
	return STATUS_OK;
}

struct sink terminal_sink_null(void)
{
	static const struct sink_ops ops = {drop, terminal_sink_finish, terminal_sink_free};
	return (struct sink){&ops};
}

static enum status append(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct buffer_sink *self = (struct buffer_sink *)sink;
	return len <= self->max_bytes - self->into->len
		   ? buffer_append(self->into, data, len, err)
		   : error_set(err, STATUS_DAMAGED, "the content is longer than %zu bytes", self->max_bytes);
}

struct buffer_sink terminal_sink_buffer(struct buffer *into, size_t max_bytes)
{
	static const struct sink_ops ops = {append, terminal_sink_finish, terminal_sink_free};
	return (struct buffer_sink){{&ops}, into, max_bytes};
}
