/* Multithreaded compression of one file, for a caller that waits. */
#ifndef WALSHIP_STREAM_CODEC_PARALLEL_H
#define WALSHIP_STREAM_CODEC_PARALLEL_H

#include "stream/codec/codec.h"

/*
 * Uncompressed size of a piece. Each piece becomes its own member or frame: larger pieces compress better, smaller ones
 * finish sooner.
 */
#define PARALLEL_PIECE_BYTES (1024UL * 1024)
#define PARALLEL_THREADS_MAX 4

/*
 * Puts a stage in front of *chain that compresses pieces in 1 to PARALLEL_THREADS_MAX threads. The results follow in
 * order as consecutive members or frames, which every reader of the formats accepts (RFC 1952, 2.2; RFC 8878, 3.1). The
 * stages behind it run in the caller's thread only. The threads start with the second piece. codec must compress: not
 * "none".
 */
enum status parallel_compress(struct sink **chain, const struct codec *codec, int level, unsigned threads,
			      struct error *err);

#endif
