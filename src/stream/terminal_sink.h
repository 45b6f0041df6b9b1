/* Ends of chains, which lie in their maker's frame: nothing is freed. */
#ifndef WALSHIP_STREAM_TERMINAL_SINK_H
#define WALSHIP_STREAM_TERMINAL_SINK_H

#include "base/buffer.h"
#include "stream/sink.h"

/* Takes bytes and keeps none. */
struct sink terminal_sink_null(void);

/* Appends them to into, until that has most bytes; more are STATUS_DAMAGED. */
struct buffer_sink {
	struct sink sink;
	struct buffer *into;
	size_t most;
};
struct buffer_sink terminal_sink_buffer(struct buffer *into, size_t most);

/* For further ones, that have nothing to finish. */
enum status terminal_sink_finish(struct sink *sink, struct error *err);
void terminal_sink_free(struct sink *sink);

#endif
