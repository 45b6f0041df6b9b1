/*
 * The object format, version 1, and the order of its filters: doc/format.md. Nothing else knows it.
 * Constructors put a stage in front of *chain (see codec.h).
 */
#ifndef WALSHIP_REPO_SEAL_H
#define WALSHIP_REPO_SEAL_H

#include <stdbool.h>

#include "repo/keyring.h"
#include "stream/codec/codec.h"
#include "stream/sink.h"

#define SEAL_HEADER_BYTES 64
#define SEAL_OBJECT_MIN (SEAL_HEADER_BYTES + TAG_BYTES) /* the shortest object, as far as its length tells */

struct seal_params {
	const struct codec *codec;
	int level;
	unsigned threads;                 /* that compress; up to 1: none but the caller's */
	const struct repository_key *key; /* NULL: SHA-256 only, protection 0 */
	uint8_t salt[SALT_BYTES];         /* fresh random bytes for each object; unused without a key */
	const char *name;                 /* below the repository: bound into the keys */
};

/* A stage that takes the plain content and passes on the object. It writes the header at once. */
enum status seal_new(struct sink **chain, const struct seal_params *params, struct error *err);

/* What an object's header says, which nothing proves before its tag is verified. */
struct seal_header {
	bool encrypted;
	bool newer;                   /* with STATUS_DAMAGED: of a version or compression that is not known here */
	uint8_t key_id[KEY_ID_BYTES]; /* zero without encryption */
};

/*
 * Reads the first SEAL_HEADER_BYTES of an object. STATUS_DAMAGED for anything that version 1 does not know; a codec
 * that this walship was built without is known. *out is filled in any case.
 */
enum status seal_header_read(struct seal_header *out, const void *bytes, size_t len, struct error *err);

/* That an object stays shut for want of a key, and is not known to be damaged. */
struct unseal_lack {
	bool lacks;
	uint8_t key_id[KEY_ID_BYTES];
};

struct unseal_params {
	const struct keyring *keys;
	bool allow_unprotected;   /* accept protection 0: only where the configuration says cipher = none */
	const char *name;         /* under which the object was found */
	struct unseal_lack *lack; /* out; may be NULL */
};

/*
 * A stage that takes an object and passes on the plain content. The next stage has seen content that is not yet
 * authenticated until its finish is called: only then may it show its work to anybody. STATUS_DAMAGED
 * for what is not an authentic object of this name, or needs a key that is not in the ring. params must outlive it.
 */
enum status unseal_new(struct sink **chain, const struct unseal_params *params, struct error *err);

#endif
