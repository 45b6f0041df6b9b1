/*
 * Compression formats, one table. The content of a frame (doc/format.md) is one block, and the next block knows nothing
 * of it. A compressed block is in memory as a whole. Its content is not: it goes in and comes out in pieces.
 */
#ifndef WALSHIP_STREAM_CODEC_CODEC_H
#define WALSHIP_STREAM_CODEC_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream/sink.h"

#define CODEC_BLOCK_MAX (1024UL * 1024 + 128) /* plain bytes of a block: a frame's content and its table */
/*
 * A block that cannot be compressed grows by less: 5 bytes for 16 KiB in gzip by zlib, and by ISA-L 80 bytes more for
 * each piece that follows another.
 */
#define CODEC_GROWTH_MAX 512
#define CODEC_PIECE_BYTES (64 * 1024) /* what a decompressor writes at once: it stays in the second-level cache */
/*
 * What a compressor takes at once, but for the last piece of a block: with less, ISA-L could make a block grow by more
 * than a frame has room for.
 */
#define CODEC_INPUT_BYTES (256 * 1024UL)

/* A block, or a piece of it. */
struct block {
	const uint8_t *in;
	size_t in_len;
	bool more; /* pieces of this block follow */
	uint8_t *out;
	size_t out_size; /* room at out */
	size_t out_len;  /* set by the compressor: what belongs behind the output for the pieces before */
};

/* The library's state: for one thread at a time, block after block. */
struct compressor {
	const struct compressor_ops *ops;
};

struct compressor_ops {
	enum status (*run)(struct compressor *compressor, struct block *block, struct error *err);
	void (*free)(struct compressor *compressor);
};

/* A compressed block. */
struct packed {
	const uint8_t *data;
	size_t len;
	size_t content_max; /* more content is refused; at most CODEC_BLOCK_MAX */
	size_t content_len; /* set by the decompressor */
};

/* The library's state: for one thread at a time, block after block. */
struct decompressor {
	const struct decompressor_ops *ops;
};

struct decompressor_ops {
	const char *format; /* for messages */
	enum status (*run)(struct decompressor *decompressor, const struct packed *packed, struct sink *content,
			   struct error *err);
	void (*free)(struct decompressor *decompressor);
};

struct codec {
	uint8_t id;       /* the byte in the object's header: doc/format.md */
	bool in_pieces;   /* the compressor takes pieces of CODEC_INPUT_BYTES; without it whole blocks only */
	const char *name; /* of the build option too */
	/* Both NULL where walship is built without it. */
	enum status (*compressor)(struct compressor **out, int level, struct error *err);
	enum status (*decompressor)(struct decompressor **out, struct error *err);
};

/*
 * STATUS_LOCAL when memory is short or there is less room for all the output of a block than the length of its content
 * and CODEC_GROWTH_MAX.
 */
static inline enum status compressor_run(struct compressor *compressor, struct block *block, struct error *err)
{
	return compressor->ops->run(compressor, block, err);
}

static inline void compressor_free(struct compressor *compressor)
{
	if (compressor != NULL)
		compressor->ops->free(compressor);
}

/*
 * Writes the content to the sink, which it does not finish. STATUS_DAMAGED when packed is not exactly one member or
 * frame of the format: cut off, altered, with bytes behind its end, or of more content than content_max. Some
 * content may have been written then. What the sink returns is passed on.
 */
enum status decompressor_run(struct decompressor *decompressor, struct packed *packed, struct sink *content,
			     struct error *err);

static inline void decompressor_free(struct decompressor *decompressor)
{
	if (decompressor != NULL)
		decompressor->ops->free(decompressor);
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
enum status gzip_compressor(struct compressor **out, int level, struct error *err);
enum status gzip_decompressor(struct decompressor **out, struct error *err);

/* The implementations of gzip; ISA-L's only where it is built in. Each reads the blocks of the other. */
enum status zlib_compressor(struct compressor **out, int level, struct error *err); /* 1 to 9 */
enum status zlib_decompressor(struct decompressor **out, struct error *err);

#define ISAL_LEVEL_MAX 3
enum status isal_compressor(struct compressor **out, int level, struct error *err); /* 1 to ISAL_LEVEL_MAX */
enum status isal_decompressor(struct decompressor **out, struct error *err);

/* RFC 8878, level 1 to 9, with a checksum of the content. Only with -Dzstd. */
enum status zstd_compressor(struct compressor **out, int level, struct error *err);
enum status zstd_decompressor(struct decompressor **out, struct error *err);

/* The LZ4 frame format, level 1 to 9 (from 3 on by its denser search), with a checksum. Only with -Dlz4. */
enum status lz4_compressor(struct compressor **out, int level, struct error *err);
enum status lz4_decompressor(struct decompressor **out, struct error *err);

#endif
