/*
 * Compression formats, one table. Each is a filter on a chain of sinks: a constructor puts a new stage
 * in front of *chain, which the stage then owns; when it fails, *chain is unchanged.
 */
#ifndef WALSHIP_STREAM_CODEC_CODEC_H
#define WALSHIP_STREAM_CODEC_CODEC_H

#include <stdint.h>

#include "stream/sink.h"

struct codec {
	uint8_t id;       /* the byte in the object's header: doc/format.md */
	const char *name; /* of the build option too */
	/* Both NULL where walship is built without it. */
	enum status (*compress)(struct sink **chain, int level, struct error *err);
	/* STATUS_DAMAGED for what is not this format: cut off, altered, or with bytes behind its end. */
	enum status (*decompress)(struct sink **chain, struct error *err);
};

/* NULL when walship has no such codec. */
const struct codec *codec_by_id(uint8_t id);
const struct codec *codec_by_name(const char *name);

/* STATUS_OK, or the given status and a hint where walship is built without this codec. */
enum status codec_check(const struct codec *codec, enum status absent, struct error *err);

/*
 * RFC 1952, level 1 to 9, by zlib; the first three levels, and reading, by ISA-L where walship is built with it
 * (-Disal). Reads several members one after the other, as gzip -d does.
 */
enum status gzip_compress(struct sink **chain, int level, struct error *err);
enum status gzip_decompress(struct sink **chain, struct error *err);

/* Its implementations; ISA-L's only where it is built in. What the one writes the other reads. */
enum status zlib_compress(struct sink **chain, int level, struct error *err); /* 1 to 9 */
enum status zlib_decompress(struct sink **chain, struct error *err);

#define ISAL_LEVEL_MAX 3
enum status isal_compress(struct sink **chain, int level, struct error *err); /* 0 to ISAL_LEVEL_MAX */
enum status isal_decompress(struct sink **chain, struct error *err);

/* RFC 8878, level 1 to 9, and frames with a checksum; what needs a window above 8 MiB is refused. Only with -Dzstd. */
enum status zstd_compress(struct sink **chain, int level, struct error *err);
enum status zstd_decompress(struct sink **chain, struct error *err);

/* The LZ4 frame format, level 1 to 9 (from 3 on by its denser search), and frames with a checksum. Only with -Dlz4. */
enum status lz4_compress(struct sink **chain, int level, struct error *err);
enum status lz4_decompress(struct sink **chain, struct error *err);

#endif
