/* Randomness as an argument: tests pass fixed bytes. */
#ifndef WALSHIP_BASE_RANDOM_H
#define WALSHIP_BASE_RANDOM_H

#include <stddef.h>

#include "walship/error.h"

struct random_source {
	/* Fills buf. Returns 0, or -1 when no random bytes are available. */
	int (*fill)(void *arg, void *buf, size_t bytes);
	void *arg;
};

/* The kernel's generator (getentropy), at most 256 bytes at once. Names of temporary files need no libcrypto. */
extern const struct random_source system_random;

/* STATUS_LOCAL when the source fails; buf must not be used then. */
enum status random_fill(const struct random_source *random, void *buf, size_t bytes, struct error *err);

#endif
