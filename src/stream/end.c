#include "stream/end.h"

enum status end_finish(struct sink *sink, struct error *err)
{
	(void)sink, (void)err;
	return STATUS_OK;
}

void end_free(struct sink *sink)
{
	(void)sink;
}

static enum status drop(struct sink *sink, const void *data, size_t len, struct error *err)
{
	(void)sink, (void)data, (void)len, (void)err;
	return STATUS_OK;
}

struct sink end_null(void)
{
	static const struct sink_ops ops = {drop, end_finish, end_free};
	return (struct sink){&ops};
}

static enum status append(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct buffer_end *end = (struct buffer_end *)sink;
	return len <= end->most - end->into->len
		   ? buffer_append(end->into, data, len, err)
		   : error_set(err, STATUS_DAMAGED, "what came back is longer than %zu bytes", end->most);
}

struct buffer_end end_buffer(struct buffer *into, size_t most)
{
	static const struct sink_ops ops = {append, end_finish, end_free};
	return (struct buffer_end){{&ops}, into, most};
}
