/* The reader of objects, format version 2: doc/format.md. */
#ifndef WALSHIP_FORMAT_UNSEAL_H
#define WALSHIP_FORMAT_UNSEAL_H

#include "format/frame.h"
#include "stream/sink.h"

/* That an object stays shut for want of a key, and is not known to be damaged. */
struct unseal_lack {
	bool lacks;
	uint8_t key_id[KEY_ID_BYTES];
};

struct unseal_params {
	const struct keyring *keys;
	bool allow_unprotected;   /* accept protection 0: only where the configuration says cipher = none */
	bool is_pack;             /* each frame may be short, and the last one is empty: format/pack.h */
	unsigned threads;         /* that open frames; up to 1: the caller's alone, without a buffer for content */
	const char *name;         /* under which the object was found */
	struct unseal_lack *lack; /* out; may be NULL */
};

/*
 * Puts a stage in front of *chain, which the stage then owns. It takes an object and passes on the plain content in
 * pieces: each byte that the next stage sees is authentic and in its place. That the object is whole is known only
 * when the next stage's finish is called. STATUS_DAMAGED when the object is not authentic under
 * this name, or its key is not in the ring. Keys and name of params must outlive the stage.
 */
enum status unseal_new(struct sink **chain, const struct unseal_params *params, struct error *err);

/*
 * object->key becomes that of the object's header. STATUS_DAMAGED when the ring lacks it, or when the object has no
 * protection and params do not allow that.
 */
enum status unseal_find_key(const struct unseal_params *params, struct frame_object *object, struct error *err);

#endif
