/* Notes the first bytes and the number of all bytes that pass. */
#ifndef WALSHIP_STREAM_BYTE_COUNTER_H
#define WALSHIP_STREAM_BYTE_COUNTER_H

#include <stdint.h>

#include "stream/sink.h"

#define BYTE_COUNTER_HEAD_BYTES 8192 /* one page of WAL */

struct byte_counter {
	uint8_t head[BYTE_COUNTER_HEAD_BYTES];
	size_t head_len;
	uint64_t total;
};

/* A stage in front of *chain that fills out, which must outlive it and is zeroed here. */
enum status byte_counter_new(struct sink **chain, struct byte_counter *out, struct error *err);

#endif
