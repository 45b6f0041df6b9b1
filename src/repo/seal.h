/*
 * The object format, version 1, and the order of its filters (doc/format.md). Only this module knows the format.
 * Constructors put a stage in front of *chain (codec.h).
 */
#ifndef WALSHIP_REPO_SEAL_H
#define WALSHIP_REPO_SEAL_H

#include <stdbool.h>

#include "repo/keyring.h"
#include "stream/codec/codec.h"
#include "stream/sink.h"

#define SEAL_HEADER_BYTES 64
#define SEAL_OBJECT_MIN (SEAL_HEADER_BYTES + TAG_BYTES) /* the shortest possible object */

struct seal_params {
	const struct codec *codec;
	int level;
	unsigned threads;                 /* for compression; 0 or 1: the caller's thread only */
	const struct repository_key *key; /* NULL: SHA-256 only, protection 0 */
	uint8_t salt[SALT_BYTES];         /* fresh random bytes for each object; unused without a key */
	const char *name;                 /* below the repository: bound into the keys */
};

/* Creates a stage that takes plain content and passes on the object. It writes the header immediately. */
enum status seal_new(struct sink **chain, const struct seal_params *params, struct error *err);

/* The fields of an object's header. They are unauthenticated until the tag is verified. */
struct seal_header {
	bool encrypted;
	bool newer;                   /* with STATUS_DAMAGED: unknown version or compression */
	uint8_t key_id[KEY_ID_BYTES]; /* zero without encryption */
};

/*
 * Parses the first SEAL_HEADER_BYTES of an object. STATUS_DAMAGED for any value that version 1 does not define. A codec
 * that this build lacks is still valid. *out is always filled.
 */
enum status seal_header_read(struct seal_header *out, const void *bytes, size_t len, struct error *err);

/* Reports that an object cannot be opened because a key is missing; it may be undamaged. */
struct unseal_lack {
	bool lacks;
	uint8_t key_id[KEY_ID_BYTES];
};

struct unseal_params {
	const struct keyring *keys;
	bool allow_unprotected;   /* accept protection 0; only with cipher = none */
	const char *name;         /* the name of the object in the store */
	struct unseal_lack *lack; /* out; may be NULL */
};

/*
 * Creates a stage that takes an object and passes on its plain content. The content is unauthenticated until finish is
 * called on the next stage, which must not publish it before. STATUS_DAMAGED: not an authentic object of this name, or
 * its key is not in the ring. params must outlive the stage.
 */
enum status unseal_new(struct sink **chain, const struct unseal_params *params, struct error *err);

#endif
