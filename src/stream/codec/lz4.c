/* The LZ4 frame format by liblz4 (lz4frame.h). */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <lz4frame.h>

#include "stream/codec/codec.h"
#include "sys/dynlib.h"

/* The functions of the library, which is loaded with the first transform. */
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
    .hint = "install lz4's library (Debian: liblz4-1; Red Hat: lz4-libs)",
    .symbols = symbols,
    .count = sizeof symbols / sizeof symbols[0],
};

struct compressor {
	struct transform transform;
	LZ4F_preferences_t preferences;
};

static enum status compress_block(struct transform *transform, struct block *block, struct error *err)
{
	const struct compressor *compressor = (const struct compressor *)transform;
	size_t result =
	    liblz4.LZ4F_compressFrame(block->out, block->out_size, block->in, block->in_len, &compressor->preferences);
	if (liblz4.LZ4F_isError(result))
		return error_set(err, STATUS_LOCAL, "liblz4: %s", liblz4.LZ4F_getErrorName(result));
	block->out_len = result;
	return STATUS_OK;
}

static void compressor_free(struct transform *transform)
{
	free(transform);
}

enum status lz4_compressor(struct transform **out, int level, struct error *err)
{
	static const struct transform_ops ops = {compress_block, compressor_free};
	if (dynlib_load(&library, err))
		return STATUS_LOCAL;
	struct compressor *compressor = calloc(1, sizeof *compressor);
	if (compressor == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory for lz4");
	compressor->transform.ops = &ops;
	/* Blocks that refer to the one before: the ratio of large blocks in the memory of small ones. */
	compressor->preferences =
	    (LZ4F_preferences_t){.frameInfo = {.blockSizeID = LZ4F_max64KB,
					       .blockMode = LZ4F_blockLinked,
					       .contentChecksumFlag = LZ4F_contentChecksumEnabled},
				 .compressionLevel = level};
	*out = &compressor->transform;
	return STATUS_OK;
}

struct decompressor {
	struct transform transform;
	LZ4F_dctx *context;
};

/* liblz4 numbers its errors only for programs that link it statically; their names are public. */
static enum status refuse(size_t result, struct error *err)
{
	const char *name = liblz4.LZ4F_getErrorName(result);
	if (strcmp(name, "ERROR_allocation_failed") == 0)
		return error_set(err, STATUS_LOCAL, "out of memory for lz4");
	return error_set(err, STATUS_DAMAGED, "damaged lz4 data: %s", name);
}

static enum status decompress_block(struct transform *transform, struct block *block, struct error *err)
{
	static const LZ4F_decompressOptions_t options = {.stableDst = 1};
	struct decompressor *decompressor = (struct decompressor *)transform;
	size_t in = 0, result = 1;
	block->out_len = 0;
	liblz4.LZ4F_resetDecompressionContext(decompressor->context);
	while (result > 0) {
		size_t taken = block->in_len - in, made = block->out_size - block->out_len;
		result = liblz4.LZ4F_decompress(decompressor->context, block->out + block->out_len, &made,
						block->in + in, &taken, &options);
		if (liblz4.LZ4F_isError(result))
			return refuse(result, err);
		in += taken;
		block->out_len += made;
		if (result > 0 && taken == 0 && made == 0)
			return error_set(err, STATUS_DAMAGED, "damaged lz4 data: %s",
					 in < block->in_len ? "the content is longer than a block" : "unexpected end");
	}
	return in == block->in_len ? STATUS_OK
				   : error_set(err, STATUS_DAMAGED, "damaged lz4 data: bytes follow its end");
}

static void decompressor_free(struct transform *transform)
{
	(void)liblz4.LZ4F_freeDecompressionContext(((struct decompressor *)transform)->context);
	free(transform);
}

enum status lz4_decompressor(struct transform **out, struct error *err)
{
	static const struct transform_ops ops = {decompress_block, decompressor_free};
	if (dynlib_load(&library, err))
		return STATUS_LOCAL;
	struct decompressor *decompressor = calloc(1, sizeof *decompressor);
	if (decompressor == NULL ||
	    liblz4.LZ4F_isError(liblz4.LZ4F_createDecompressionContext(&decompressor->context, LZ4F_VERSION))) {
		free(decompressor);
		return error_set(err, STATUS_LOCAL, "out of memory for lz4");
	}
	decompressor->transform.ops = &ops;
	*out = &decompressor->transform;
	return STATUS_OK;
}
