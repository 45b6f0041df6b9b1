/* Randomness as an argument: tests bring fixed bytes. */
#ifndef WALSHIP_BASE_RANDOM_H
#define WALSHIP_BASE_RANDOM_H

#include <stddef.h>

#include "walship/error.h"

struct random_source {
	/* Fills buf; 0, or -1 when there is no randomness to be had. */
	int (*fill)(void *arg, void *buf, size_t bytes);
	void *arg;
};

/* The kernel's generator (getentropy), up to 256 bytes at once: names of temporary files need no libcrypto. */
extern const struct random_source system_random;

/* STATUS_LOCAL when the source fails; buf is then not to be used. */
enum status random_fill(const struct random_source *random, void *buf, size_t bytes, struct error *err);

#endif
