/*
 * A sink takes bytes: write any number of times, finish once, free. A filter is a sink that owns the next sink: its
 * finish finishes the next, its free frees it. free without finish abandons the work: no file is created, no object
 * appears. After a failed write or finish only free is allowed.
 */
#ifndef WALSHIP_STREAM_SINK_H
#define WALSHIP_STREAM_SINK_H

#include <stddef.h>

#include "walship/error.h"

struct sink;

struct sink_ops {
	enum status (*write)(struct sink *sink, const void *data, size_t len, struct error *err);
	enum status (*finish)(struct sink *sink, struct error *err);
	void (*free)(struct sink *sink);
};

struct sink {
	const struct sink_ops *ops;
};

static inline enum status sink_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	return sink->ops->write(sink, data, len, err);
}

static inline enum status sink_finish(struct sink *sink, struct error *err)
{
	return sink->ops->finish(sink, err);
}

static inline void sink_free(struct sink *sink)
{
	if (sink != NULL)
		sink->ops->free(sink);
}

/* For CLEANUP(sink_freep) struct sink *chain = NULL; */
static inline void sink_freep(struct sink **sink)
{
	sink_free(*sink);
}

#endif
