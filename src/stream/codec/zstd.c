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

/* The functions of the library, which is loaded with the first transform. */
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
    .hint = "install zstd's library (Debian: libzstd1; Red Hat: libzstd)",
    .symbols = symbols,
    .count = sizeof symbols / sizeof symbols[0],
};

struct compressor {
	struct transform transform;
	ZSTD_CCtx *context;
};

static enum status compress_block(struct transform *transform, struct block *block, struct error *err)
{
	struct compressor *compressor = (struct compressor *)transform;
	size_t result =
	    libzstd.ZSTD_compress2(compressor->context, block->out, block->out_size, block->in, block->in_len);
	if (libzstd.ZSTD_isError(result))
		return error_set(err, STATUS_LOCAL, "libzstd: %s", libzstd.ZSTD_getErrorName(result));
	block->out_len = result;
	return STATUS_OK;
}

static void compressor_free(struct transform *transform)
{
	(void)libzstd.ZSTD_freeCCtx(((struct compressor *)transform)->context);
	free(transform);
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

enum status zstd_compressor(struct transform **out, int level, struct error *err)
{
	static const struct transform_ops ops = {compress_block, compressor_free};
	if (dynlib_load(&library, err))
		return STATUS_LOCAL;
	struct compressor *compressor = calloc(1, sizeof *compressor);
	if (compressor != NULL)
		compressor->context = libzstd.ZSTD_createCCtx();
	if (compressor == NULL || compressor->context == NULL) {
		free(compressor);
		return error_set(err, STATUS_LOCAL, "out of memory for zstd");
	}
	compressor->transform.ops = &ops;
	if (!set_all(compressor->context, level)) {
		compressor_free(&compressor->transform);
		return error_set(err, STATUS_LOCAL, "libzstd rejected level %d", level);
	}
	*out = &compressor->transform;
	return STATUS_OK;
}

struct decompressor {
	struct transform transform;
	ZSTD_DCtx *context;
};

static enum status refuse(size_t result, struct error *err)
{
	if (libzstd.ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation)
		return error_set(err, STATUS_LOCAL, "out of memory for zstd");
	return error_set(err, STATUS_DAMAGED, "damaged zstd data: %s", libzstd.ZSTD_getErrorName(result));
}

static enum status decompress_block(struct transform *transform, struct block *block, struct error *err)
{
	struct decompressor *decompressor = (struct decompressor *)transform;
	/* ZSTD_decompressDCtx would take several frames for one. */
	size_t first = libzstd.ZSTD_findFrameCompressedSize(block->in, block->in_len);
	if (libzstd.ZSTD_isError(first))
		return refuse(first, err);
	if (first != block->in_len)
		return error_set(err, STATUS_DAMAGED, "damaged zstd data: bytes follow its end");
	size_t result =
	    libzstd.ZSTD_decompressDCtx(decompressor->context, block->out, block->out_size, block->in, block->in_len);
	if (libzstd.ZSTD_isError(result))
		return refuse(result, err);
	block->out_len = result;
	return STATUS_OK;
}

static void decompressor_free(struct transform *transform)
{
	(void)libzstd.ZSTD_freeDCtx(((struct decompressor *)transform)->context);
	free(transform);
}

enum status zstd_decompressor(struct transform **out, struct error *err)
{
	static const struct transform_ops ops = {decompress_block, decompressor_free};
	if (dynlib_load(&library, err))
		return STATUS_LOCAL;
	struct decompressor *decompressor = calloc(1, sizeof *decompressor);
	if (decompressor != NULL)
		decompressor->context = libzstd.ZSTD_createDCtx();
	if (decompressor == NULL || decompressor->context == NULL) {
		free(decompressor);
		return error_set(err, STATUS_LOCAL, "out of memory for zstd");
	}
	decompressor->transform.ops = &ops;
	*out = &decompressor->transform;
	return STATUS_OK;
}
