/* Regroups the data into pieces of fixed size. */
#ifndef WALSHIP_STREAM_CODEC_RECHUNK_H
#define WALSHIP_STREAM_CODEC_RECHUNK_H

#include "stream/sink.h"

#define RECHUNK_BYTES (64 * 1024)

/*
 * Puts a stage in front of *chain that passes on exactly RECHUNK_BYTES at a time, and the rest at the end. Use it for
 * compressors whose output depends on the size of their input pieces (for ISA-L even its length).
 */
enum status rechunk_new(struct sink **chain, struct error *err);

#endif
