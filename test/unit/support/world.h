/* A clock that moves only when told or slept on, and random bytes that repeat: a call with nothing real in it. */
#ifndef TEST_SUPPORT_WORLD_H
#define TEST_SUPPORT_WORLD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/call.h"

struct world {
	int64_t monotonic_ms;
	int64_t utc_s;
	int64_t step_ms;  /* added at each look at the clock */
	int64_t slept_ms; /* in all */
	int sleeps;
	uint8_t random_byte; /* every random byte is this one */
	bool random_fails;
	struct buffer logged; /* every line and a newline */
	struct clock clock;
	struct random_source random;
	struct log log;
	struct call call;
};

/* A world at second 1 with an hour until the deadline; it must not move in memory. world_fini after use. */
void world_init(struct world *world);
void world_fini(struct world *world);

#endif
