/*
 * The 32-byte tag behind an object, as filters (see codec.h for how constructors treat the chain):
 * HMAC-SHA-256 with a key, or SHA-256 without one, over all bytes before it.
 */
#ifndef WALSHIP_STREAM_CRYPTO_TAG_H
#define WALSHIP_STREAM_CRYPTO_TAG_H

#include <stddef.h>
#include <stdint.h>

#include "stream/sink.h"

#define TAG_BYTES 32
#define MAC_KEY_BYTES 32

/* Passes everything on and, at the end, the tag. mac_key has MAC_KEY_BYTES, or is NULL for SHA-256. */
enum status tag_append(struct sink **chain, const uint8_t *mac_key, struct error *err);

/*
 * Passes on all but the last TAG_BYTES, and finishes the next stage only if they are the tag of
 * prefix (prefix_len bytes that are not passed on) and of what came before them. What a later stage
 * says about the content (STATUS_DAMAGED, STATUS_CONFLICT) waits until then: an altered object is
 * reported as such, and not as the damage that its noise happens to do further on.
 */
enum status tag_verify(struct sink **chain, const uint8_t *mac_key, const void *prefix, size_t prefix_len,
		       struct error *err);

#endif
