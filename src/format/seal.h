/* The writer of objects, format version 2: doc/format.md. */
#ifndef WALSHIP_FORMAT_SEAL_H
#define WALSHIP_FORMAT_SEAL_H

#include "format/frame.h"
#include "stream/sink.h"

struct seal_params {
	const struct codec *codec;
	int level;
	unsigned threads;                 /* that make frames; up to 1: the caller's alone */
	const struct repository_key *key; /* NULL: SHA-256 only, protection 0 */
	uint8_t salt[SALT_BYTES];         /* fresh random bytes for each object */
	const char *name;                 /* below the repository: bound into each frame */
};

/*
 * Puts a stage in front of *chain, which the stage then owns; when it fails, *chain is unchanged. The stage takes the
 * plain content and passes on the object. It writes the header at once. Key and name of params must outlive it.
 */
enum status seal_new(struct sink **chain, const struct seal_params *params, struct error *err);

#endif
