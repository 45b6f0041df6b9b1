#include "stream/byte_counter.h"

#include <stdlib.h>
#include <string.h>

struct byte_counter_sink {
	struct sink sink;
	struct sink *next;
	struct byte_counter *counter;
};

static enum status byte_counter_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct byte_counter_sink *stage = (struct byte_counter_sink *)sink;
	struct byte_counter *counter = stage->counter;
	size_t room = sizeof counter->head - counter->head_len;
	size_t take = len < room ? len : room;
	memcpy(counter->head + counter->head_len, data, take);
	counter->head_len += take;
	counter->total += len;
	return sink_write(stage->next, data, len, err);
}

static enum status byte_counter_finish(struct sink *sink, struct error *err)
{
	return sink_finish(((struct byte_counter_sink *)sink)->next, err);
}

static void byte_counter_free(struct sink *sink)
{
	sink_free(((struct byte_counter_sink *)sink)->next);
	free(sink);
}

static const struct sink_ops byte_counter_ops = {byte_counter_write, byte_counter_finish, byte_counter_free};

enum status byte_counter_new(struct sink **chain, struct byte_counter *out, struct error *err)
{
	struct byte_counter_sink *stage = malloc(sizeof *stage);
	if (stage == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	*out = (struct byte_counter){0};
	*stage = (struct byte_counter_sink){{&byte_counter_ops}, *chain, out};
	*chain = &stage->sink;
	return STATUS_OK;
}
