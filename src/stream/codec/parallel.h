/* Compression by several threads, for one file that somebody waits for. */
#ifndef WALSHIP_STREAM_CODEC_PARALLEL_H
#define WALSHIP_STREAM_CODEC_PARALLEL_H

#include "stream/codec/codec.h"

/* Plain bytes of one piece. Each becomes a member or frame of its own: larger ones compress better, smaller ones
 * sooner. */
#define PARALLEL_PIECE_BYTES (1024UL * 1024)
#define PARALLEL_THREADS_MAX 4

/*
 * A stage in front of *chain that compresses by threads, 1 to PARALLEL_THREADS_MAX of them: each piece for itself,
 * handed on in their order, as members or frames one after the other, which every reader of the formats takes (RFC
 * 1952, 2.2; RFC 8878, 3.1). The stages behind it run in the caller's thread alone. The threads start with the second
 * piece; what is smaller needs none. codec must compress: not "none".
 */
enum status parallel_compress(struct sink **chain, const struct codec *codec, int level, unsigned threads,
			      struct error *err);

#endif
