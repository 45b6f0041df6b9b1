/* A filter that counts bytes and copies the first ones. */
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

/* Puts a stage in front of *chain that fills *out. *out must outlive the stage and is zeroed here. */
enum status byte_counter_new(struct sink **chain, struct byte_counter *out, struct error *err);

#endif
