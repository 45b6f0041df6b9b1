#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define ZLIB_CONST /* make next_in const */
#include <zlib.h>

#include "stream/codec/codec.h"
#include "stream/codec/unpack.h"

#define CHUNK (64 * 1024)     /* one write to the next stage; fits the L2 cache */
#define GZIP_WINDOW (15 + 16) /* zlib.h: the largest window, plus 16 for the gzip format */
#define INPUT_MAX (1u << 30)  /* avail_in is an unsigned int */

struct packer {
	struct sink sink;
	struct sink *next;
	z_stream stream;
	uint8_t out[CHUNK];
};

/* Passes on the output and makes room again. */
static enum status drain(struct packer *packer, struct error *err)
{
	size_t len = sizeof packer->out - packer->stream.avail_out;
	packer->stream.next_out = packer->out;
	packer->stream.avail_out = sizeof packer->out;
	return len == 0 ? STATUS_OK : sink_write(packer->next, packer->out, len, err);
}

static enum status pack(struct packer *packer, int flush, struct error *err)
{
	int result;
	do {
		result = deflate(&packer->stream, flush);
		if (result == Z_STREAM_ERROR)
			return error_set(err, STATUS_LOCAL, "zlib: deflate: inconsistent state");
		if (packer->stream.avail_out > 0 && flush == Z_NO_FLUSH)
			break;
		enum status st = drain(packer, err);
		if (st)
			return st;
	} while (flush == Z_NO_FLUSH || result != Z_STREAM_END);
	return STATUS_OK;
}

static enum status packer_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct packer *packer = (struct packer *)sink;
	const uint8_t *from = data;
	enum status st = STATUS_OK;
	while (!st && len > 0) {
		uInt piece = len > INPUT_MAX ? INPUT_MAX : (uInt)len;
		packer->stream.next_in = from;
		packer->stream.avail_in = piece;
		st = pack(packer, Z_NO_FLUSH, err);
		from += piece;
		len -= piece;
	}
	return st;
}

static enum status packer_finish(struct sink *sink, struct error *err)
{
	struct packer *packer = (struct packer *)sink;
	packer->stream.avail_in = 0;
	enum status st = pack(packer, Z_FINISH, err);
	return st ? st : sink_finish(packer->next, err);
}

static void packer_free(struct sink *sink)
{
	struct packer *packer = (struct packer *)sink;
	(void)deflateEnd(&packer->stream);
	sink_free(packer->next);
	free(packer);
}

static enum status refuse(int result, struct error *err)
{
	return error_set(err, STATUS_LOCAL, "cannot initialize zlib: %s", zError(result));
}

enum status zlib_compress(struct sink **chain, int level, struct error *err)
{
	static const struct sink_ops ops = {packer_write, packer_finish, packer_free};
	struct packer *packer = calloc(1, sizeof *packer);
	if (packer == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory for gzip");
	packer->sink.ops = &ops;
	packer->stream.next_out = packer->out;
	packer->stream.avail_out = sizeof packer->out;
	int result = deflateInit2(&packer->stream, level, Z_DEFLATED, GZIP_WINDOW, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY);
	if (result != Z_OK) {
		free(packer);
		return refuse(result, err);
	}
	packer->next = *chain;
	*chain = &packer->sink;
	return STATUS_OK;
}

static enum status unpacker_step(void *state, struct unpack_step *step, struct error *err)
{
	z_stream *stream = state;
	/* Another member may follow (RFC 1952, 2.2). */
	if (step->ended && inflateReset(stream) != Z_OK)
		return error_set(err, STATUS_LOCAL, "zlib: inflateReset: inconsistent state");
	stream->next_in = step->in;
	stream->avail_in = (uInt)step->in_len;
	stream->next_out = step->out;
	stream->avail_out = (uInt)step->out_len;
	int result = inflate(stream, Z_NO_FLUSH);
	if (result == Z_MEM_ERROR)
		return error_set(err, STATUS_LOCAL, "out of memory in zlib");
	if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
		return error_set(err, STATUS_DAMAGED, "damaged gzip data: %s",
				 stream->msg == NULL ? "unexpected end" : stream->msg);
	step->ended = result == Z_STREAM_END;
	step->in = stream->next_in;
	step->in_len = stream->avail_in;
	step->out = stream->next_out;
	step->out_len = stream->avail_out;
	return STATUS_OK;
}

static void unpacker_free(void *state)
{
	if (state != NULL)
		(void)inflateEnd(state);
	free(state);
}

enum status zlib_decompress(struct sink **chain, struct error *err)
{
	static const struct unpack_codec codec = {"gzip", unpacker_step, unpacker_free};
	z_stream *stream = calloc(1, sizeof *stream);
	int result = stream == NULL ? Z_OK : inflateInit2(stream, GZIP_WINDOW);
	if (result != Z_OK) {
		free(stream);
		return refuse(result, err);
	}
	return unpack_new(chain, &codec, stream, err);
}
