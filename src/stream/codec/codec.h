/*
 * The table of compression formats. Each is a filter on a chain of sinks: a constructor puts a new stage in front of
 * *chain, and the stage owns the rest. On failure *chain is unchanged.
 */
#ifndef WALSHIP_STREAM_CODEC_CODEC_H
#define WALSHIP_STREAM_CODEC_CODEC_H

#include <stdint.h>

#include "stream/sink.h"

struct codec {
	uint8_t id;       /* the byte in the object header: doc/format.md */
	const char *name; /* also the name of the build option */
	/* Both are NULL if walship was built without the codec. */
	enum status (*compress)(struct sink **chain, int level, struct error *err);
	/* STATUS_DAMAGED for data that is not in this format, is cut off or altered, or has bytes after its end. */
	enum status (*decompress)(struct sink **chain, struct error *err);
};

/* Return NULL for an unknown codec. */
const struct codec *codec_by_id(uint8_t id);
const struct codec *codec_by_name(const char *name);

/* STATUS_OK, or the status `absent` with a hint if walship was built without this codec. */
enum status codec_check(const struct codec *codec, enum status absent, struct error *err);

/*
 * RFC 1952, levels 1 to 9, by zlib. With -Disal, ISA-L does levels 1 to 3 and all reading. Reads several consecutive
 * members, as gzip -d does.
 */
enum status gzip_compress(struct sink **chain, int level, struct error *err);
enum status gzip_decompress(struct sink **chain, struct error *err);

/* The implementations; ISA-L's only if built in. Each reads what the other writes. */
enum status zlib_compress(struct sink **chain, int level, struct error *err); /* 1 to 9 */
enum status zlib_decompress(struct sink **chain, struct error *err);

#define ISAL_LEVEL_MAX 3
enum status isal_compress(struct sink **chain, int level, struct error *err); /* 0 to ISAL_LEVEL_MAX */
enum status isal_decompress(struct sink **chain, struct error *err);

/* RFC 8878, levels 1 to 9, frames with a checksum. Refuses frames that need a window above 8 MiB. Only with -Dzstd. */
enum status zstd_compress(struct sink **chain, int level, struct error *err);
enum status zstd_decompress(struct sink **chain, struct error *err);

/* The LZ4 frame format, levels 1 to 9 (high compression from 3), frames with a checksum. Only with -Dlz4. */
enum status lz4_compress(struct sink **chain, int level, struct error *err);
enum status lz4_decompress(struct sink **chain, struct error *err);

#endif
