#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define ZLIB_CONST /* next_in is read only */
#include <zlib.h>

#include "stream/codec.h"

#define CHUNK (64 * 1024)     /* one write to the next stage; stays in the second-level cache */
#define GZIP_WINDOW (15 + 16) /* zlib.h: the largest window, and 16 for the gzip format */
#define INPUT_MAX (1u << 30)  /* avail_in is an unsigned int */

struct gzip {
	struct sink sink;
	struct sink *next;
	z_stream stream;
	bool inflating;
	bool member_ended; /* inflating: nothing has come since the end of a member */
	uint8_t out[CHUNK];
};

static void gzip_free(struct sink *sink)
{
	struct gzip *gzip = (struct gzip *)sink;
	if (gzip->inflating)
		(void)inflateEnd(&gzip->stream);
	else
		(void)deflateEnd(&gzip->stream);
	sink_free(gzip->next);
	free(gzip);
}

/* Hands on what stands in out and makes room again. */
static enum status drain(struct gzip *gzip, struct error *err)
{
	size_t len = sizeof gzip->out - gzip->stream.avail_out;
	gzip->stream.next_out = gzip->out;
	gzip->stream.avail_out = sizeof gzip->out;
	return len == 0 ? STATUS_OK : sink_write(gzip->next, gzip->out, len, err);
}

static enum status deflate_all(struct gzip *gzip, int flush, struct error *err)
{
	int result;
	do {
		result = deflate(&gzip->stream, flush);
		if (result == Z_STREAM_ERROR)
			return error_set(err, STATUS_LOCAL, "zlib: deflate: inconsistent state");
		if (gzip->stream.avail_out > 0 && flush == Z_NO_FLUSH)
			break;
		enum status st = drain(gzip, err);
		if (st)
			return st;
	} while (flush == Z_NO_FLUSH || result != Z_STREAM_END);
	return STATUS_OK;
}

/* One call of zlib; *full: there may be more to come out without more going in. */
static enum status inflate_some(struct gzip *gzip, bool *full, struct error *err)
{
	int result = inflate(&gzip->stream, Z_NO_FLUSH);
	if (result == Z_MEM_ERROR)
		return error_set(err, STATUS_LOCAL, "out of memory in zlib");
	if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
		return error_set(err, STATUS_DAMAGED, "damaged gzip data: %s",
				 gzip->stream.msg == NULL ? "unexpected end" : gzip->stream.msg);
	gzip->member_ended = result == Z_STREAM_END;
	*full = gzip->stream.avail_out == 0;
	return drain(gzip, err);
}

static enum status inflate_all(struct gzip *gzip, struct error *err)
{
	bool full = false;
	while (gzip->stream.avail_in > 0 || (full && !gzip->member_ended)) {
		/* Another member may follow the one that has ended (RFC 1952, 2.2). */
		if (gzip->member_ended && inflateReset(&gzip->stream) != Z_OK)
			return error_set(err, STATUS_LOCAL, "zlib: inflateReset: inconsistent state");
		enum status st = inflate_some(gzip, &full, err);
		if (st)
			return st;
	}
	return STATUS_OK;
}

static enum status gzip_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct gzip *gzip = (struct gzip *)sink;
	const uint8_t *from = data;
	while (len > 0) {
		uInt piece = len > INPUT_MAX ? INPUT_MAX : (uInt)len;
		gzip->stream.next_in = from;
		gzip->stream.avail_in = piece;
		enum status st = gzip->inflating ? inflate_all(gzip, err) : deflate_all(gzip, Z_NO_FLUSH, err);
		if (st)
			return st;
		from += piece;
		len -= piece;
	}
	return STATUS_OK;
}

static enum status gzip_finish(struct sink *sink, struct error *err)
{
	struct gzip *gzip = (struct gzip *)sink;
	if (gzip->inflating) {
		if (!gzip->member_ended)
			return error_set(err, STATUS_DAMAGED, "damaged gzip data: cut off");
	} else {
		gzip->stream.avail_in = 0;
		enum status st = deflate_all(gzip, Z_FINISH, err);
		if (st)
			return st;
	}
	return sink_finish(gzip->next, err);
}

static const struct sink_ops gzip_ops = {gzip_write, gzip_finish, gzip_free};

static enum status gzip_new(struct sink **chain, bool inflating, int level, struct error *err)
{
	struct gzip *gzip = calloc(1, sizeof *gzip);
	if (gzip == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory for gzip");
	gzip->sink.ops = &gzip_ops;
	gzip->inflating = inflating;
	gzip->stream.next_out = gzip->out;
	gzip->stream.avail_out = sizeof gzip->out;
	int result =
	    inflating ? inflateInit2(&gzip->stream, GZIP_WINDOW)
		      : deflateInit2(&gzip->stream, level, Z_DEFLATED, GZIP_WINDOW, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY);
	if (result != Z_OK) {
		free(gzip);
		return error_set(err, STATUS_LOCAL, "zlib does not start: %s", zError(result));
	}
	gzip->next = *chain;
	*chain = &gzip->sink;
	return STATUS_OK;
}

enum status zlib_compress(struct sink **chain, int level, struct error *err)
{
	return gzip_new(chain, false, level, err);
}

enum status zlib_decompress(struct sink **chain, struct error *err)
{
	return gzip_new(chain, true, 0, err);
}
