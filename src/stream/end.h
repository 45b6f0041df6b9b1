/* Ends of chains, which lie in their maker's frame: nothing is freed. */
#ifndef WALSHIP_STREAM_END_H
#define WALSHIP_STREAM_END_H

#include "base/buffer.h"
#include "stream/sink.h"

/* Takes bytes and keeps none. */
struct sink end_null(void);

/* Appends them to into, until that has most bytes; more are STATUS_DAMAGED. */
struct buffer_end {
	struct sink sink;
	struct buffer *into;
	size_t most;
};
struct buffer_end end_buffer(struct buffer *into, size_t most);

/* For further ones, that have nothing to finish. */
enum status end_finish(struct sink *sink, struct error *err);
void end_free(struct sink *sink);

#endif
