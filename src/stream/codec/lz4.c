/* The LZ4 frame format by liblz4 (lz4frame.h). */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <lz4frame.h>

#include "stream/codec/codec.h"
#include "stream/codec/rechunk.h"
#include "stream/codec/unpack.h"
#include "sys/dynlib.h"

/* The functions of the library that walship uses; the first stage loads them. */
#define FUNCTIONS(_)                                                                                                   \
	_(LZ4F_compressBegin)                                                                                          \
	_(LZ4F_compressBound)                                                                                          \
	_(LZ4F_compressEnd)                                                                                            \
	_(LZ4F_compressUpdate)                                                                                         \
	_(LZ4F_createCompressionContext)                                                                               \
	_(LZ4F_createDecompressionContext)                                                                             \
	_(LZ4F_decompress)                                                                                             \
	_(LZ4F_freeCompressionContext)                                                                                 \
	_(LZ4F_freeDecompressionContext)                                                                               \
	_(LZ4F_getErrorName)                                                                                           \
	_(LZ4F_isError)

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

struct packer {
	struct sink sink;
	struct sink *next;
	LZ4F_cctx *context;
	LZ4F_preferences_t preferences;
	bool begun; /* the frame header is written */
	size_t out_size;
	uint8_t out[]; /* room for RECHUNK_BYTES after compression */
};

/* Passes on the output of a call of liblz4. */
static enum status drain(struct packer *packer, size_t result, struct error *err)
{
	if (liblz4.LZ4F_isError(result))
		return error_set(err, STATUS_LOCAL, "liblz4: %s", liblz4.LZ4F_getErrorName(result));
	return result == 0 ? STATUS_OK : sink_write(packer->next, packer->out, result, err);
}

static enum status begin(struct packer *packer, struct error *err)
{
	if (packer->begun)
		return STATUS_OK;
	packer->begun = true;
	return drain(packer,
		     liblz4.LZ4F_compressBegin(packer->context, packer->out, packer->out_size, &packer->preferences),
		     err);
}

/* Input comes from rechunk: each call makes one block, so the frame does not depend on the caller's pieces. */
static enum status packer_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct packer *packer = (struct packer *)sink;
	enum status st = begin(packer, err);
	if (st)
		return st;
	return drain(packer,
		     liblz4.LZ4F_compressUpdate(packer->context, packer->out, packer->out_size, data, len, NULL), err);
}

static enum status packer_finish(struct sink *sink, struct error *err)
{
	struct packer *packer = (struct packer *)sink;
	enum status st = begin(packer, err);
	if (!st)
		st = drain(packer, liblz4.LZ4F_compressEnd(packer->context, packer->out, packer->out_size, NULL), err);
	return st ? st : sink_finish(packer->next, err);
}

static void packer_free(struct sink *sink)
{
	struct packer *packer = (struct packer *)sink;
	sink_free(packer->next);
	(void)liblz4.LZ4F_freeCompressionContext(packer->context);
	free(packer);
}

enum status lz4_compress(struct sink **chain, int level, struct error *err)
{
	static const struct sink_ops ops = {packer_write, packer_finish, packer_free};
	if (dynlib_load(&library, err))
		return STATUS_LOCAL;
	/* Linked blocks give the ratio of large blocks with the memory of small ones. */
	const LZ4F_preferences_t preferences = {.frameInfo = {.blockSizeID = LZ4F_max64KB,
							      .blockMode = LZ4F_blockLinked,
							      .contentChecksumFlag = LZ4F_contentChecksumEnabled},
						.compressionLevel = level,
						.autoFlush = 1};
	size_t out_size = liblz4.LZ4F_compressBound(RECHUNK_BYTES, &preferences) + LZ4F_HEADER_SIZE_MAX;
	struct packer *packer = calloc(1, sizeof *packer + out_size);
	if (packer == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory for lz4");
	packer->sink.ops = &ops;
	packer->preferences = preferences;
	packer->out_size = out_size;
	struct sink *stage = &packer->sink;
	enum status st = STATUS_OK;
	if (liblz4.LZ4F_isError(liblz4.LZ4F_createCompressionContext(&packer->context, LZ4F_VERSION)))
		st = error_set(err, STATUS_LOCAL, "out of memory for lz4");
	if (!st)
		st = rechunk_new(&stage, err);
	if (st) {
		packer_free(&packer->sink);
		return st;
	}
	packer->next = *chain;
	*chain = stage;
	return STATUS_OK;
}

/* liblz4 exports error numbers only to static users, but names to all. */
static enum status refuse(size_t result, struct error *err)
{
	const char *name = liblz4.LZ4F_getErrorName(result);
	if (strcmp(name, "ERROR_allocation_failed") == 0)
		return error_set(err, STATUS_LOCAL, "out of memory for lz4");
	return error_set(err, STATUS_DAMAGED, "damaged lz4 data: %s", name);
}

/* Another frame or a skippable one may follow, as lz4 -d accepts it. */
static enum status unpacker_step(void *state, struct unpack_step *step, struct error *err)
{
	size_t taken = step->in_len, made = step->out_len;
	size_t result = liblz4.LZ4F_decompress(state, step->out, &made, step->in, &taken, NULL);
	if (liblz4.LZ4F_isError(result))
		return refuse(result, err);
	step->ended = result == 0;
	step->in += taken;
	step->in_len -= taken;
	step->out += made;
	step->out_len -= made;
	return STATUS_OK;
}

static void unpacker_free(void *state)
{
	(void)liblz4.LZ4F_freeDecompressionContext(state);
}

enum status lz4_decompress(struct sink **chain, struct error *err)
{
	static const struct unpack_codec codec = {"lz4", unpacker_step, unpacker_free};
	LZ4F_dctx *context = NULL;
	if (dynlib_load(&library, err))
		return STATUS_LOCAL;
	if (liblz4.LZ4F_isError(liblz4.LZ4F_createDecompressionContext(&context, LZ4F_VERSION)))
		context = NULL;
	return unpack_new(chain, &codec, context, err);
}
