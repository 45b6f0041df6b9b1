/* Notes the first bytes and the number of all bytes that pass. */
#ifndef WALSHIP_STREAM_TALLY_H
#define WALSHIP_STREAM_TALLY_H

#include <stdint.h>

#include "stream/sink.h"

#define TALLY_HEAD_BYTES 8192 /* one page of WAL */

struct tally {
	uint8_t head[TALLY_HEAD_BYTES];
	size_t head_len;
	uint64_t total;
};

/* A stage in front of *chain that fills out, which must outlive it and is zeroed here. */
enum status tally_new(struct sink **chain, struct tally *out, struct error *err);

#endif
