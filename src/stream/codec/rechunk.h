/* Cuts what passes into pieces of one size. */
#ifndef WALSHIP_STREAM_CODEC_RECHUNK_H
#define WALSHIP_STREAM_CODEC_RECHUNK_H

#include "stream/sink.h"

#define RECHUNK_BYTES (64 * 1024)

/*
 * A stage in front of *chain that hands on exactly RECHUNK_BYTES at a time, and the rest at the end: for compressors
 * whose output (ISA-L's size too) depends on the pieces that they are given.
 */
enum status rechunk_new(struct sink **chain, struct error *err);

#endif
