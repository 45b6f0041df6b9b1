#include <stdlib.h>

#define ZLIB_CONST /* next_in is read only */
#include <zlib.h>

#include "stream/codec/codec.h"

#define GZIP_WINDOW (15 + 16) /* zlib.h: the largest window, and 16 for the gzip format */

struct zlib {
	struct transform transform;
	z_stream stream;
};

static void point_at(z_stream *stream, const struct block *block)
{
	stream->next_in = block->in;
	stream->avail_in = (uInt)block->in_len;
	stream->next_out = block->out;
	stream->avail_out = (uInt)block->out_size;
}

static enum status compress_block(struct transform *transform, struct block *block, struct error *err)
{
	z_stream *stream = &((struct zlib *)transform)->stream;
	if (deflateReset(stream) != Z_OK)
		return error_set(err, STATUS_LOCAL, "zlib: deflateReset: inconsistent state");
	point_at(stream, block);
	int result = deflate(stream, Z_FINISH);
	block->out_len = block->out_size - stream->avail_out;
	return result == Z_STREAM_END ? STATUS_OK : error_set(err, STATUS_LOCAL, "zlib: deflate: %s", zError(result));
}

static void compressor_free(struct transform *transform)
{
	(void)deflateEnd(&((struct zlib *)transform)->stream);
	free(transform);
}

static enum status refuse(int result, struct error *err)
{
	return error_set(err, STATUS_LOCAL, "cannot initialize zlib: %s", zError(result));
}

enum status zlib_compressor(struct transform **out, int level, struct error *err)
{
	static const struct transform_ops ops = {compress_block, compressor_free};
	struct zlib *zlib = calloc(1, sizeof *zlib);
	if (zlib == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory for gzip");
	zlib->transform.ops = &ops;
	int result = deflateInit2(&zlib->stream, level, Z_DEFLATED, GZIP_WINDOW, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY);
	if (result != Z_OK) {
		free(zlib);
		return refuse(result, err);
	}
	*out = &zlib->transform;
	return STATUS_OK;
}

static enum status decompress_block(struct transform *transform, struct block *block, struct error *err)
{
	z_stream *stream = &((struct zlib *)transform)->stream;
	if (inflateReset(stream) != Z_OK)
		return error_set(err, STATUS_LOCAL, "zlib: inflateReset: inconsistent state");
	point_at(stream, block);
	int result = inflate(stream, Z_FINISH);
	block->out_len = block->out_size - stream->avail_out;
	if (result == Z_MEM_ERROR)
		return error_set(err, STATUS_LOCAL, "out of memory in zlib");
	if (result == Z_STREAM_END && stream->avail_in == 0)
		return STATUS_OK;
	return error_set(err, STATUS_DAMAGED, "damaged gzip data: %s",
			 result == Z_STREAM_END ? "bytes follow its end"
			 : stream->msg == NULL  ? "unexpected end"
						: stream->msg);
}

static void decompressor_free(struct transform *transform)
{
	(void)inflateEnd(&((struct zlib *)transform)->stream);
	free(transform);
}

enum status zlib_decompressor(struct transform **out, struct error *err)
{
	static const struct transform_ops ops = {decompress_block, decompressor_free};
	struct zlib *zlib = calloc(1, sizeof *zlib);
	if (zlib == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory for gzip");
	zlib->transform.ops = &ops;
	int result = inflateInit2(&zlib->stream, GZIP_WINDOW);
	if (result != Z_OK) {
		free(zlib);
		return refuse(result, err);
	}
	*out = &zlib->transform;
	return STATUS_OK;
}
