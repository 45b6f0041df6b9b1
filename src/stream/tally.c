#include "stream/tally.h"

#include <stdlib.h>
#include <string.h>

struct tally_sink {
	struct sink sink;
	struct sink *next;
	struct tally *tally;
};

static enum status tally_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct tally_sink *stage = (struct tally_sink *)sink;
	struct tally *tally = stage->tally;
	size_t room = sizeof tally->head - tally->head_len;
	size_t take = len < room ? len : room;
	memcpy(tally->head + tally->head_len, data, take);
	tally->head_len += take;
	tally->total += len;
	return sink_write(stage->next, data, len, err);
}

static enum status tally_finish(struct sink *sink, struct error *err)
{
	return sink_finish(((struct tally_sink *)sink)->next, err);
}

static void tally_free(struct sink *sink)
{
	sink_free(((struct tally_sink *)sink)->next);
	free(sink);
}

static const struct sink_ops tally_ops = {tally_write, tally_finish, tally_free};

enum status tally_new(struct sink **chain, struct tally *out, struct error *err)
{
	struct tally_sink *stage = malloc(sizeof *stage);
	if (stage == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	*out = (struct tally){0};
	*stage = (struct tally_sink){{&tally_ops}, *chain, out};
	*chain = &stage->sink;
	return STATUS_OK;
}
