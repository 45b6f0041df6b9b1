#include "stream/codec/rechunk.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct rechunk {
	struct sink sink;
	struct sink *next;
	size_t held;
	uint8_t piece[RECHUNK_BYTES];
};

static enum status rechunk_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct rechunk *rechunk = (struct rechunk *)sink;
	const uint8_t *from = data;
	while (len > 0) {
		enum status st = STATUS_OK;
		size_t take = RECHUNK_BYTES - rechunk->held;
		if (take > len)
			take = len;
		/* A full piece needs no copy. */
		if (take == RECHUNK_BYTES) {
			st = sink_write(rechunk->next, from, take, err);
		} else {
			memcpy(rechunk->piece + rechunk->held, from, take);
			rechunk->held += take;
			if (rechunk->held == RECHUNK_BYTES) {
				rechunk->held = 0;
				st = sink_write(rechunk->next, rechunk->piece, RECHUNK_BYTES, err);
			}
		}
		if (st)
			return st;
		from += take;
		len -= take;
	}
	return STATUS_OK;
}

static enum status rechunk_finish(struct sink *sink, struct error *err)
{
	struct rechunk *rechunk = (struct rechunk *)sink;
	enum status st = STATUS_OK;
	if (rechunk->held > 0)
		st = sink_write(rechunk->next, rechunk->piece, rechunk->held, err);
	return st ? st : sink_finish(rechunk->next, err);
}

static void rechunk_free(struct sink *sink)
{
	struct rechunk *rechunk = (struct rechunk *)sink;
	sink_free(rechunk->next);
	free(rechunk);
}

enum status rechunk_new(struct sink **chain, struct error *err)
{
	static const struct sink_ops ops = {rechunk_write, rechunk_finish, rechunk_free};
	struct rechunk *rechunk = malloc(sizeof *rechunk);
	if (rechunk == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	rechunk->sink.ops = &ops;
	rechunk->next = *chain;
	rechunk->held = 0;
	*chain = &rechunk->sink;
	return STATUS_OK;
}
