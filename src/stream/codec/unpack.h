/*
 * The filter that every decompressor is: it cuts the input to what a library can count, has the library's output
 * written to the next stage, lets members or frames follow each other, and knows what is cut off. A codec brings the
 * library.
 */
#ifndef WALSHIP_STREAM_CODEC_UNPACK_H
#define WALSHIP_STREAM_CODEC_UNPACK_H

#include <stdbool.h>
#include <stdint.h>

#include "stream/sink.h"

#define UNPACK_IN_MAX (1u << 30)     /* the narrowest counter of input, zlib's and ISA-L's, has 32 bits */
#define UNPACK_OUT_BYTES (64 * 1024) /* one write to the next stage; stays in the second-level cache */

/* For one call of the library, which moves all of it on by what it has taken and made. */
struct unpack_step {
	const uint8_t *in;
	size_t in_len; /* at most UNPACK_IN_MAX; 0 when only what the library holds back is to come */
	uint8_t *out;
	size_t out_len; /* the room there; UNPACK_OUT_BYTES at first */
	/*
	 * Nothing has come since the end of a member or frame. True at the beginning of a step: what comes begins
	 * another one.
	 */
	bool ended;
};

struct unpack_codec {
	const char *format; /* for messages */
	enum status (*step)(void *state, struct unpack_step *step, struct error *err);
	void (*free)(void *state); /* takes NULL too */
};

/* Puts the stage in front of *chain. It owns state, also when it cannot be made; NULL for want of memory is said here.
 */
enum status unpack_new(struct sink **chain, const struct unpack_codec *codec, void *state, struct error *err);

#endif
