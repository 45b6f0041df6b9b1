/* The last stages of chains. They live in the caller's stack frame, so free does nothing. */
#ifndef WALSHIP_STREAM_TERMINAL_SINK_H
#define WALSHIP_STREAM_TERMINAL_SINK_H

#include "base/buffer.h"
#include "stream/sink.h"

/* Drops all bytes. */
struct sink terminal_sink_null(void);

/* Appends the bytes to into. STATUS_DAMAGED when it would exceed max_bytes. */
struct buffer_sink {
	struct sink sink;
	struct buffer *into;
	size_t max_bytes;
};
struct buffer_sink terminal_sink_buffer(struct buffer *into, size_t max_bytes);

/* Operations for other last stages that have nothing to finish or free. */
enum status terminal_sink_finish(struct sink *sink, struct error *err);
void terminal_sink_free(struct sink *sink);

#endif
