#include "stream/codec/unpack.h"

#include <stdlib.h>

struct unpack {
	struct sink sink;
	struct sink *next;
	const struct unpack_codec *codec;
	void *state;
	bool ended; /* no input since the end of a member or frame */
	uint8_t out[UNPACK_OUT_BYTES];
};

/* Decompresses one piece. full: more output may follow without more input. */
static enum status unpack_piece(struct unpack *unpack, const uint8_t *in, size_t in_len, struct error *err)
{
	struct unpack_step step = {.in = in, .in_len = in_len, .ended = unpack->ended};
	bool full = false;
	while (step.in_len > 0 || (full && !step.ended)) {
		step.out = unpack->out;
		step.out_len = UNPACK_OUT_BYTES;
		enum status st = unpack->codec->step(unpack->state, &step, err);
		if (st)
			return st;
		full = step.out_len == 0;
		size_t made = UNPACK_OUT_BYTES - step.out_len;
		st = made == 0 ? STATUS_OK : sink_write(unpack->next, unpack->out, made, err);
		if (st)
			return st;
	}
	unpack->ended = step.ended;
	return STATUS_OK;
}

static enum status unpack_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct unpack *unpack = (struct unpack *)sink;
	const uint8_t *from = data;
	enum status st = STATUS_OK;
	while (!st && len > 0) {
		size_t piece = len < UNPACK_IN_MAX ? len : UNPACK_IN_MAX;
		st = unpack_piece(unpack, from, piece, err);
		from += piece;
		len -= piece;
	}
	return st;
}

static enum status unpack_finish(struct sink *sink, struct error *err)
{
	struct unpack *unpack = (struct unpack *)sink;
	if (!unpack->ended)
		return error_set(err, STATUS_DAMAGED, "damaged %s data: cut off", unpack->codec->format);
	return sink_finish(unpack->next, err);
}

static void unpack_free(struct sink *sink)
{
	struct unpack *unpack = (struct unpack *)sink;
	sink_free(unpack->next);
	unpack->codec->free(unpack->state);
	free(unpack);
}

enum status unpack_new(struct sink **chain, const struct unpack_codec *codec, void *state, struct error *err)
{
	static const struct sink_ops ops = {unpack_write, unpack_finish, unpack_free};
	struct unpack *unpack = state == NULL ? NULL : calloc(1, sizeof *unpack);
	if (unpack == NULL) {
		codec->free(state);
		return error_set(err, STATUS_LOCAL, "out of memory for %s", codec->format);
	}
	unpack->sink.ops = &ops;
	unpack->codec = codec;
	unpack->state = state;
	unpack->next = *chain;
	*chain = &unpack->sink;
	return STATUS_OK;
}
