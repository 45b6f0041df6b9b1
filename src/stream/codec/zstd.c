/* zstd (RFC 8878) by libzstd. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <zstd.h>
#include <zstd_errors.h>

#include "stream/codec/codec.h"
#include "stream/codec/unpack.h"
#include "sys/dynlib.h"

#define CHUNK (64 * 1024) /* one write to the next stage; fits the L2 cache */

/*
 * The window log: how far back a match may be, and how much memory both sides need. walship writes 1 MiB, because more
 * gains nothing on WAL. It reads up to 8 MiB, which RFC 8878 (3.1.1.1.2) recommends that every reader support and which
 * zstd does not exceed at levels 1 to 19.
 */
#define WRITE_WINDOW_LOG 20
#define READ_WINDOW_LOG 23

/*
 * The higher levels would use tables of 12 MiB for each object. Within a window of 1 MiB, 256 Ki entries find nearly as
 * much. The lower levels use no more by themselves.
 */
#define DENSE_LEVEL 5
#define DENSE_TABLE_LOG 18

/* The functions of the library that walship uses; the first stage loads them. */
#define FUNCTIONS(_)                                                                                                   \
	_(ZSTD_CCtx_setParameter)                                                                                      \
	_(ZSTD_DCtx_setParameter)                                                                                      \
	_(ZSTD_compressStream2)                                                                                        \
	_(ZSTD_createCCtx)                                                                                             \
	_(ZSTD_createDCtx)                                                                                             \
	_(ZSTD_decompressStream)                                                                                       \
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

struct packer {
	struct sink sink;
	struct sink *next;
	ZSTD_CCtx *context;
	uint8_t out[CHUNK];
};

/* Compresses all of in; with ZSTD_e_end, completes the frame. */
static enum status pack(struct packer *packer, ZSTD_inBuffer *in, ZSTD_EndDirective how, struct error *err)
{
	size_t left;
	do {
		ZSTD_outBuffer out = {packer->out, CHUNK, 0};
		left = libzstd.ZSTD_compressStream2(packer->context, &out, in, how);
		if (libzstd.ZSTD_isError(left))
			return error_set(err, STATUS_LOCAL, "libzstd: %s", libzstd.ZSTD_getErrorName(left));
		enum status st = out.pos == 0 ? STATUS_OK : sink_write(packer->next, packer->out, out.pos, err);
		if (st)
			return st;
	} while (how == ZSTD_e_end ? left > 0 : in->pos < in->size);
	return STATUS_OK;
}

static enum status packer_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	ZSTD_inBuffer in = {data, len, 0};
	return pack((struct packer *)sink, &in, ZSTD_e_continue, err);
}

static enum status packer_finish(struct sink *sink, struct error *err)
{
	struct packer *packer = (struct packer *)sink;
	ZSTD_inBuffer in = {NULL, 0, 0};
	enum status st = pack(packer, &in, ZSTD_e_end, err);
	/* The rest is waiting for a disk or a store; release the 12 MiB of a dense level now. */
	(void)libzstd.ZSTD_freeCCtx(packer->context);
	packer->context = NULL;
	return st ? st : sink_finish(packer->next, err);
}

static void packer_free(struct sink *sink)
{
	struct packer *packer = (struct packer *)sink;
	sink_free(packer->next);
	(void)libzstd.ZSTD_freeCCtx(packer->context);
	free(packer);
}

static bool set(ZSTD_CCtx *context, ZSTD_cParameter parameter, int value)
{
	return !libzstd.ZSTD_isError(libzstd.ZSTD_CCtx_setParameter(context, parameter, value));
}

static bool set_all(ZSTD_CCtx *context, int level)
{
	bool done = set(context, ZSTD_c_compressionLevel, level) && set(context, ZSTD_c_windowLog, WRITE_WINDOW_LOG) &&
		    set(context, ZSTD_c_checksumFlag, 1);
	if (level < DENSE_LEVEL)
		return done;
	return done && set(context, ZSTD_c_hashLog, DENSE_TABLE_LOG) && set(context, ZSTD_c_chainLog, DENSE_TABLE_LOG);
}

enum status zstd_compress(struct sink **chain, int level, struct error *err)
{
	static const struct sink_ops ops = {packer_write, packer_finish, packer_free};
	if (dynlib_load(&library, err))
		return STATUS_LOCAL;
	struct packer *packer = calloc(1, sizeof *packer);
	if (packer != NULL)
		packer->context = libzstd.ZSTD_createCCtx();
	if (packer == NULL || packer->context == NULL) {
		free(packer);
		return error_set(err, STATUS_LOCAL, "out of memory for zstd");
	}
	packer->sink.ops = &ops;
	if (!set_all(packer->context, level)) {
		packer_free(&packer->sink);
		return error_set(err, STATUS_LOCAL, "libzstd rejected level %d", level);
	}
	packer->next = *chain;
	*chain = &packer->sink;
	return STATUS_OK;
}

static enum status refuse(size_t result, struct error *err)
{
	ZSTD_ErrorCode code = libzstd.ZSTD_getErrorCode(result);
	if (code == ZSTD_error_memory_allocation)
		return error_set(err, STATUS_LOCAL, "out of memory for zstd");
	if (code != ZSTD_error_frameParameter_windowTooLarge)
		return error_set(err, STATUS_DAMAGED, "damaged zstd data: %s", libzstd.ZSTD_getErrorName(result));
	(void)error_set(err, STATUS_DAMAGED, "damaged zstd data: it needs a window of more than %u MiB of memory",
			1u << (READ_WINDOW_LOG - 20));
	return error_hint(err, STATUS_DAMAGED, "neither walship nor zstd without --ultra or --long writes such data");
}

/* Another frame or a skippable one may follow (RFC 8878, 3.1). */
static enum status unpacker_step(void *state, struct unpack_step *step, struct error *err)
{
	ZSTD_inBuffer in = {step->in, step->in_len, 0};
	ZSTD_outBuffer out = {step->out, step->out_len, 0};
	size_t result = libzstd.ZSTD_decompressStream(state, &out, &in);
	if (libzstd.ZSTD_isError(result))
		return refuse(result, err);
	step->ended = result == 0;
	step->in += in.pos;
	step->in_len -= in.pos;
	step->out += out.pos;
	step->out_len -= out.pos;
	return STATUS_OK;
}

static void unpacker_free(void *state)
{
	(void)libzstd.ZSTD_freeDCtx(state);
}

enum status zstd_decompress(struct sink **chain, struct error *err)
{
	static const struct unpack_codec codec = {"zstd", unpacker_step, unpacker_free};
	if (dynlib_load(&library, err))
		return STATUS_LOCAL;
	ZSTD_DCtx *context = libzstd.ZSTD_createDCtx();
	if (context != NULL &&
	    libzstd.ZSTD_isError(libzstd.ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, READ_WINDOW_LOG))) {
		unpacker_free(context);
		return error_set(err, STATUS_LOCAL, "libzstd rejected the window limit");
	}
	return unpack_new(chain, &codec, context, err);
}
