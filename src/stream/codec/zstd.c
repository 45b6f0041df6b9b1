/* zstd (RFC 8878) by libzstd. */
#include <stdbool.h>
#include <stdlib.h>

#include <zstd.h>
#include <zstd_errors.h>

#include "stream/codec/codec.h"
#include "sys/dynlib.h"

/*
 * The dense levels would have 12 MiB of tables for each thread; within a block of 1 MiB 256 Ki entries find nearly as
 * much. The other levels have no more by themselves.
 */
#define WINDOW_LOG 20 /* a block */
#define DENSE_LEVEL 5
#define DENSE_TABLE_LOG 18

/* The functions of the library, which is loaded with the first compressor or decompressor. */
#define FUNCTIONS(_)                                                                                                   \
	_(ZSTD_CCtx_setParameter)                                                                                      \
	_(ZSTD_compress2)                                                                                              \
	_(ZSTD_createCCtx)                                                                                             \
	_(ZSTD_createDCtx)                                                                                             \
	_(ZSTD_decompressDCtx)                                                                                         \
	_(ZSTD_findFrameCompressedSize)                                                                                \
	_(ZSTD_freeCCtx)                                                                                               \
	_(ZSTD_freeDCtx)                                                                                               \
	_(ZSTD_getErrorCode)                                                                                           \
	_(ZSTD_getErrorName)                                                                                           \
	_(ZSTD_isError)

static struct {
	FUNCTIONS(DYNLIB_POINTER)
} libzstd;

#define SYMBOL(function) {#function, &libzstd.function},
static const struct dynlib_symbol symbols[] = {FUNCTIONS(SYMBOL)};

static const struct dynlib library = {
    .soname = "libzstd.so." DYNLIB_TEXT(ZSTD_VERSION_MAJOR),
    .hint = "install zstd's library (Debian: libzstd1; Red Hat: libzstd; Alpine: zstd-libs)",
    .symbols = symbols,
    .count = sizeof symbols / sizeof symbols[0],
};
DYNLIB_NOTE("libzstd.so." DYNLIB_TEXT(ZSTD_VERSION_MAJOR), "zstd", "recommended");

struct encoder {
	struct compressor compressor;
	ZSTD_CCtx *context;
};

static enum status encode_block(struct compressor *compressor, struct block *block, struct error *err)
{
	struct encoder *encoder = (struct encoder *)compressor;
	size_t result = libzstd.ZSTD_compress2(encoder->context, block->out, block->out_size, block->in, block->in_len);
	if (libzstd.ZSTD_isError(result))
		return error_set(err, STATUS_LOCAL, "libzstd: %s", libzstd.ZSTD_getErrorName(result));
	block->out_len = result;
	return STATUS_OK;
}

static void encoder_free(struct compressor *compressor)
{
	(void)libzstd.ZSTD_freeCCtx(((struct encoder *)compressor)->context);
	free(compressor);
}

static bool set(ZSTD_CCtx *context, ZSTD_cParameter parameter, int value)
{
	return !libzstd.ZSTD_isError(libzstd.ZSTD_CCtx_setParameter(context, parameter, value));
}

static bool set_all(ZSTD_CCtx *context, int level)
{
	bool done = set(context, ZSTD_c_compressionLevel, level) && set(context, ZSTD_c_windowLog, WINDOW_LOG) &&
		    set(context, ZSTD_c_checksumFlag, 1);
	if (level < DENSE_LEVEL)
		return done;
	return done && set(context, ZSTD_c_hashLog, DENSE_TABLE_LOG) && set(context, ZSTD_c_chainLog, DENSE_TABLE_LOG);
}

enum status zstd_compressor(struct compressor **out, int level, struct error *err)
{
	static const struct compressor_ops ops = {encode_block, encoder_free};
	if (dynlib_load(&library, err))
		return STATUS_LOCAL;
	struct encoder *encoder = calloc(1, sizeof *encoder);
	if (encoder != NULL)
		encoder->context = libzstd.ZSTD_createCCtx();
	if (encoder == NULL || encoder->context == NULL) {
		free(encoder);
		return error_set(err, STATUS_LOCAL, "out of memory for zstd");
	}
	encoder->compressor.ops = &ops;
	if (!set_all(encoder->context, level)) {
		encoder_free(&encoder->compressor);
		return error_set(err, STATUS_LOCAL, "libzstd rejected level %d", level);
	}
	*out = &encoder->compressor;
	return STATUS_OK;
}

struct decoder {
	struct decompressor decompressor;
	ZSTD_DCtx *context;
	/* The content of the block: zstd needs a window of that length in any case. */
	uint8_t out[CODEC_BLOCK_MAX];
};

static enum status refuse(size_t result, struct error *err)
{
	if (libzstd.ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation)
		return error_set(err, STATUS_LOCAL, "out of memory for zstd");
	return error_set(err, STATUS_DAMAGED, "damaged zstd data: %s", libzstd.ZSTD_getErrorName(result));
}

static enum status decode_block(struct decompressor *decompressor, const struct packed *packed, struct sink *content,
				struct error *err)
{
	struct decoder *decoder = (struct decoder *)decompressor;
	/* ZSTD_decompressDCtx would take several frames for one. */
	size_t first = libzstd.ZSTD_findFrameCompressedSize(packed->data, packed->len);
	if (libzstd.ZSTD_isError(first))
		return refuse(first, err);
	if (first != packed->len)
		return error_set(err, STATUS_DAMAGED, "damaged zstd data: bytes follow its end");
	size_t result =
	    libzstd.ZSTD_decompressDCtx(decoder->context, decoder->out, sizeof decoder->out, packed->data, packed->len);
	return libzstd.ZSTD_isError(result) ? refuse(result, err) : sink_write(content, decoder->out, result, err);
}

static void decoder_free(struct decompressor *decompressor)
{
	(void)libzstd.ZSTD_freeDCtx(((struct decoder *)decompressor)->context);
	free(decompressor);
}

enum status zstd_decompressor(struct decompressor **out, struct error *err)
{
	static const struct decompressor_ops ops = {"zstd", decode_block, decoder_free};
	if (dynlib_load(&library, err))
		return STATUS_LOCAL;
	/* Pages without content are never touched. */
	struct decoder *decoder = calloc(1, sizeof *decoder);
	if (decoder != NULL)
		decoder->context = libzstd.ZSTD_createDCtx();
	if (decoder == NULL || decoder->context == NULL) {
		free(decoder);
		return error_set(err, STATUS_LOCAL, "out of memory for zstd");
	}
	decoder->decompressor.ops = &ops;
	*out = &decoder->decompressor;
	return STATUS_OK;
}
