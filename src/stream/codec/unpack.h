/*
 * The common filter of all decompressors. It limits the input to what a library's counter can hold, writes the
 * library's output to the next stage, accepts consecutive members or frames, and detects truncated data. A codec adds
 * the calls of its library.
 */
#ifndef WALSHIP_STREAM_CODEC_UNPACK_H
#define WALSHIP_STREAM_CODEC_UNPACK_H

#include <stdbool.h>
#include <stdint.h>

#include "stream/sink.h"

#define UNPACK_IN_MAX (1u << 30)     /* the smallest input counter, of zlib and ISA-L, has 32 bits */
#define UNPACK_OUT_BYTES (64 * 1024) /* one write to the next stage; fits the L2 cache */

/* The arguments of one library call, which advances the pointers and lengths by what it used and produced. */
struct unpack_step {
	const uint8_t *in;
	size_t in_len; /* at most UNPACK_IN_MAX; 0: only flush the library's pending output */
	uint8_t *out;
	size_t out_len; /* free space; UNPACK_OUT_BYTES before the call */
	/* No input since the end of a member or frame. True before a call: the input begins another one. */
	bool ended;
};

struct unpack_codec {
	const char *format; /* for messages */
	enum status (*step)(void *state, struct unpack_step *step, struct error *err);
	void (*free)(void *state); /* accepts NULL */
};

/*
 * Puts the stage in front of *chain. It owns state, even when it fails. state may be NULL after a failed allocation;
 * the error is set here.
 */
enum status unpack_new(struct sink **chain, const struct unpack_codec *codec, void *state, struct error *err);

#endif
