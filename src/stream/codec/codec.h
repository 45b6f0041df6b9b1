/*
 * Compression formats, one table. Each compresses and decompresses whole blocks in memory: the content of a frame
 * (doc/format.md) is one block, and the next block knows nothing of it.
 */
#ifndef WALSHIP_STREAM_CODEC_CODEC_H
#define WALSHIP_STREAM_CODEC_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "walship/error.h"

#define CODEC_BLOCK_MAX (1024UL * 1024) /* plain bytes of a block */
/* A block that cannot be compressed grows by less: 5 bytes for 16 KiB in gzip, which is the worst. */
#define CODEC_GROWTH_MAX 512

struct block {
	const uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t out_size; /* room at out */
	size_t out_len;  /* set by the transform */
};

/* One direction of one codec, with the library's state: for one thread at a time, block after block. */
struct transform {
	const struct transform_ops *ops;
};

struct transform_ops {
	enum status (*run)(struct transform *transform, struct block *block, struct error *err);
	void (*free)(struct transform *transform);
};

struct codec {
	uint8_t id;       /* the byte in the object's header: doc/format.md */
	const char *name; /* of the build option too */
	/* Both NULL where walship is built without it. */
	enum status (*compressor)(struct transform **out, int level, struct error *err);
	enum status (*decompressor)(struct transform **out, struct error *err);
};

/*
 * A compressor: STATUS_LOCAL when memory is short or out_size is less than in_len + CODEC_GROWTH_MAX allows.
 * A decompressor: STATUS_DAMAGED when in is not exactly one member or frame of the format: cut off, altered, with bytes
 * behind its end, or of more content than out_size.
 */
static inline enum status transform_run(struct transform *transform, struct block *block, struct error *err)
{
	return transform->ops->run(transform, block, err);
}

static inline void transform_free(struct transform *transform)
{
	if (transform != NULL)
		transform->ops->free(transform);
}

/* NULL when walship has no such codec. */
const struct codec *codec_by_id(uint8_t id);
const struct codec *codec_by_name(const char *name);

/* STATUS_OK, or the given status and a hint where walship is built without this codec. */
enum status codec_check(const struct codec *codec, enum status absent, struct error *err);

/*
 * RFC 1952, level 1 to 9, by zlib; the first three levels, and reading, by ISA-L where walship is built with it
 * (-Disal).
 */
enum status gzip_compressor(struct transform **out, int level, struct error *err);
enum status gzip_decompressor(struct transform **out, struct error *err);

/* The implementations of gzip; ISA-L's only where it is built in. Each reads the blocks of the other. */
enum status zlib_compressor(struct transform **out, int level, struct error *err); /* 1 to 9 */
enum status zlib_decompressor(struct transform **out, struct error *err);

#define ISAL_LEVEL_MAX 3
enum status isal_compressor(struct transform **out, int level, struct error *err); /* 1 to ISAL_LEVEL_MAX */
enum status isal_decompressor(struct transform **out, struct error *err);

/* RFC 8878, level 1 to 9, with a checksum of the content. Only with -Dzstd. */
enum status zstd_compressor(struct transform **out, int level, struct error *err);
enum status zstd_decompressor(struct transform **out, struct error *err);

/* The LZ4 frame format, level 1 to 9 (from 3 on by its denser search), with a checksum. Only with -Dlz4. */
enum status lz4_compressor(struct transform **out, int level, struct error *err);
enum status lz4_decompressor(struct transform **out, struct error *err);

#endif
