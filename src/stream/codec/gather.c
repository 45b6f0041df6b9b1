#include "stream/codec/gather.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct gather {
	struct sink sink;
	struct sink *next;
	size_t held;
	uint8_t piece[GATHER_BYTES];
};

static enum status gather_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct gather *gather = (struct gather *)sink;
	const uint8_t *from = data;
	while (len > 0) {
		enum status st = STATUS_OK;
		size_t take = GATHER_BYTES - gather->held;
		if (take > len)
			take = len;
		/* A whole piece need not be copied. */
		if (take == GATHER_BYTES) {
			st = sink_write(gather->next, from, take, err);
		} else {
			memcpy(gather->piece + gather->held, from, take);
			gather->held += take;
			if (gather->held == GATHER_BYTES) {
				gather->held = 0;
				st = sink_write(gather->next, gather->piece, GATHER_BYTES, err);
			}
		}
		if (st)
			return st;
		from += take;
		len -= take;
	}
	return STATUS_OK;
}

static enum status gather_finish(struct sink *sink, struct error *err)
{
	struct gather *gather = (struct gather *)sink;
	enum status st = STATUS_OK;
	if (gather->held > 0)
		st = sink_write(gather->next, gather->piece, gather->held, err);
	return st ? st : sink_finish(gather->next, err);
}

static void gather_free(struct sink *sink)
{
	struct gather *gather = (struct gather *)sink;
	sink_free(gather->next);
	free(gather);
}

enum status gather_new(struct sink **chain, struct error *err)
{
	static const struct sink_ops ops = {gather_write, gather_finish, gather_free};
	struct gather *gather = malloc(sizeof *gather);
	if (gather == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	gather->sink.ops = &ops;
	gather->next = *chain;
	gather->held = 0;
	*chain = &gather->sink;
	return STATUS_OK;
}
