#include <stdbool.h>
#include <stdlib.h>

#define ZLIB_CONST /* next_in is read only */
#include <zlib.h>

#include "stream/codec/codec.h"

#define GZIP_WINDOW (15 + 16) /* zlib.h: the largest window, and 16 for the gzip format */

struct deflater {
	struct compressor compressor;
	z_stream stream;
	bool begun; /* a block */
};

static enum status deflate_block(struct compressor *compressor, struct block *block, struct error *err)
{
	struct deflater *deflater = (struct deflater *)compressor;
	z_stream *stream = &deflater->stream;
	if (!deflater->begun && deflateReset(stream) != Z_OK)
		return error_set(err, STATUS_LOCAL, "zlib: deflateReset: inconsistent state");
	stream->next_in = block->in;
	stream->avail_in = (uInt)block->in_len;
	stream->next_out = block->out;
	stream->avail_out = (uInt)block->out_size;
	deflater->begun = block->more;
	int result = deflate(stream, block->more ? Z_NO_FLUSH : Z_FINISH);
	bool done = block->more ? result == Z_OK && stream->avail_out > 0 : result == Z_STREAM_END;
	block->out_len = block->out_size - stream->avail_out;
	return done ? STATUS_OK : error_set(err, STATUS_LOCAL, "zlib: deflate: %s", zError(result));
}

static void deflater_free(struct compressor *compressor)
{
	(void)deflateEnd(&((struct deflater *)compressor)->stream);
	free(compressor);
}

static enum status refuse(int result, struct error *err)
{
	return error_set(err, STATUS_LOCAL, "cannot initialize zlib: %s", zError(result));
}

enum status zlib_compressor(struct compressor **out, int level, struct error *err)
{
	static const struct compressor_ops ops = {deflate_block, deflater_free};
	struct deflater *deflater = calloc(1, sizeof *deflater);
	if (deflater == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory for gzip");
	deflater->compressor.ops = &ops;
	int result = deflateInit2(&deflater->stream, level, Z_DEFLATED, GZIP_WINDOW, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY);
	if (result != Z_OK) {
		free(deflater);
		return refuse(result, err);
	}
	*out = &deflater->compressor;
	return STATUS_OK;
}

struct inflater {
	struct decompressor decompressor;
	z_stream stream;
	uint8_t out[CODEC_PIECE_BYTES];
};

/* Writes one piece of the content; *ended behind the last one. */
static enum status inflate_piece(struct inflater *inflater, bool *ended, struct sink *content, struct error *err)
{
	z_stream *stream = &inflater->stream;
	stream->next_out = inflater->out;
	stream->avail_out = sizeof inflater->out;
	int result = inflate(stream, Z_NO_FLUSH);
	if (result == Z_MEM_ERROR)
		return error_set(err, STATUS_LOCAL, "out of memory in zlib");
	*ended = result == Z_STREAM_END;
	if (!*ended && result != Z_OK)
		return error_set(err, STATUS_DAMAGED, "damaged gzip data: %s",
				 stream->msg == NULL ? "unexpected end" : stream->msg);
	return sink_write(content, inflater->out, sizeof inflater->out - stream->avail_out, err);
}

static enum status inflate_block(struct decompressor *decompressor, const struct packed *packed, struct sink *content,
				 struct error *err)
{
	struct inflater *inflater = (struct inflater *)decompressor;
	bool ended = false;
	enum status st = STATUS_OK;
	if (inflateReset(&inflater->stream) != Z_OK)
		return error_set(err, STATUS_LOCAL, "zlib: inflateReset: inconsistent state");
	inflater->stream.next_in = packed->data;
	inflater->stream.avail_in = (uInt)packed->len;
	while (!st && !ended)
		st = inflate_piece(inflater, &ended, content, err);
	if (!st && inflater->stream.avail_in > 0)
		return error_set(err, STATUS_DAMAGED, "damaged gzip data: bytes follow its end");
	return st;
}

static void inflater_free(struct decompressor *decompressor)
{
	(void)inflateEnd(&((struct inflater *)decompressor)->stream);
	free(decompressor);
}

enum status zlib_decompressor(struct decompressor **out, struct error *err)
{
	static const struct decompressor_ops ops = {"gzip", inflate_block, inflater_free};
	struct inflater *inflater = calloc(1, sizeof *inflater);
	if (inflater == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory for gzip");
	inflater->decompressor.ops = &ops;
	int result = inflateInit2(&inflater->stream, GZIP_WINDOW);
	if (result != Z_OK) {
		free(inflater);
		return refuse(result, err);
	}
	*out = &inflater->decompressor;
	return STATUS_OK;
}
