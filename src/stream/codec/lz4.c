/* The LZ4 frame format by liblz4 (lz4frame.h). */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <lz4frame.h>

#include "stream/codec/codec.h"
#include "sys/dynlib.h"

/* The functions of the library, which is loaded with the first compressor or decompressor. */
#define FUNCTIONS(_)                                                                                                   \
	_(LZ4F_compressFrame)                                                                                          \
	_(LZ4F_createDecompressionContext)                                                                             \
	_(LZ4F_decompress)                                                                                             \
	_(LZ4F_freeDecompressionContext)                                                                               \
	_(LZ4F_getErrorName)                                                                                           \
	_(LZ4F_isError)                                                                                                \
	_(LZ4F_resetDecompressionContext)

static struct {
	FUNCTIONS(DYNLIB_POINTER)
} liblz4;

#define SYMBOL(function) {#function, &liblz4.function},
static const struct dynlib_symbol symbols[] = {FUNCTIONS(SYMBOL)};

static const struct dynlib library = {
    .soname = "liblz4.so.1",
    .hint = "install lz4's library (Debian: liblz4-1; Red Hat: lz4-libs; Alpine: lz4-libs)",
    .symbols = symbols,
    .count = sizeof symbols / sizeof symbols[0],
};
DYNLIB_NOTE("liblz4.so.1", "lz4", "recommended");

struct encoder {
	struct compressor compressor;
	LZ4F_preferences_t preferences;
};

static enum status encode_block(struct compressor *compressor, struct block *block, struct error *err)
{
	const struct encoder *encoder = (const struct encoder *)compressor;
	size_t result =
	    liblz4.LZ4F_compressFrame(block->out, block->out_size, block->in, block->in_len, &encoder->preferences);
	if (liblz4.LZ4F_isError(result))
		return error_set(err, STATUS_LOCAL, "liblz4: %s", liblz4.LZ4F_getErrorName(result));
	block->out_len = result;
	return STATUS_OK;
}

static void encoder_free(struct compressor *compressor)
{
	free(compressor);
}

enum status lz4_compressor(struct compressor **out, int level, struct error *err)
{
	static const struct compressor_ops ops = {encode_block, encoder_free};
	if (dynlib_load(&library, err))
		return STATUS_LOCAL;
	struct encoder *encoder = calloc(1, sizeof *encoder);
	if (encoder == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory for lz4");
	encoder->compressor.ops = &ops;
	/* Blocks that refer to the one before: the ratio of large blocks in the memory of small ones. */
	encoder->preferences = (LZ4F_preferences_t){.frameInfo = {.blockSizeID = LZ4F_max64KB,
								  .blockMode = LZ4F_blockLinked,
								  .contentChecksumFlag = LZ4F_contentChecksumEnabled},
						    .compressionLevel = level};
	*out = &encoder->compressor;
	return STATUS_OK;
}

struct decoder {
	struct decompressor decompressor;
	LZ4F_dctx *context;
	uint8_t out[CODEC_PIECE_BYTES];
};

/* liblz4 numbers its errors only for programs that link it statically; their names are public. */
static enum status refuse(size_t result, struct error *err)
{
	const char *name = liblz4.LZ4F_getErrorName(result);
	if (strcmp(name, "ERROR_allocation_failed") == 0)
		return error_set(err, STATUS_LOCAL, "out of memory for lz4");
	return error_set(err, STATUS_DAMAGED, "damaged lz4 data: %s", name);
}

/* Writes one piece of the content and moves *in on; *ended behind the last one. */
static enum status decode_piece(struct decoder *decoder, struct packed *in, bool *ended, struct sink *content,
				struct error *err)
{
	size_t taken = in->len, made = sizeof decoder->out;
	size_t result = liblz4.LZ4F_decompress(decoder->context, decoder->out, &made, in->data, &taken, NULL);
	if (liblz4.LZ4F_isError(result))
		return refuse(result, err);
	*ended = result == 0;
	if (!*ended && taken == 0 && made == 0)
		return error_set(err, STATUS_DAMAGED, "damaged lz4 data: unexpected end");
	in->data += taken;
	in->len -= taken;
	return sink_write(content, decoder->out, made, err);
}

static enum status decode_block(struct decompressor *decompressor, const struct packed *packed, struct sink *content,
				struct error *err)
{
	struct decoder *decoder = (struct decoder *)decompressor;
	struct packed in = *packed;
	bool ended = false;
	enum status st = STATUS_OK;
	liblz4.LZ4F_resetDecompressionContext(decoder->context);
	while (!st && !ended)
		st = decode_piece(decoder, &in, &ended, content, err);
	return !st && in.len > 0 ? error_set(err, STATUS_DAMAGED, "damaged lz4 data: bytes follow its end") : st;
}

static void decoder_free(struct decompressor *decompressor)
{
	(void)liblz4.LZ4F_freeDecompressionContext(((struct decoder *)decompressor)->context);
	free(decompressor);
}

enum status lz4_decompressor(struct decompressor **out, struct error *err)
{
	static const struct decompressor_ops ops = {"lz4", decode_block, decoder_free};
	if (dynlib_load(&library, err))
		return STATUS_LOCAL;
	struct decoder *decoder = calloc(1, sizeof *decoder);
	if (decoder == NULL ||
	    liblz4.LZ4F_isError(liblz4.LZ4F_createDecompressionContext(&decoder->context, LZ4F_VERSION))) {
		free(decoder);
		return error_set(err, STATUS_LOCAL, "out of memory for lz4");
	}
	decoder->decompressor.ops = &ops;
	*out = &decoder->decompressor;
	return STATUS_OK;
}
