/*
 * The 32-byte tag after an object, as filters (codec.h describes the constructors): HMAC-SHA-256 with a key, or SHA-256
 * without one, over all bytes before it.
 */
#ifndef WALSHIP_STREAM_CRYPTO_TAG_H
#define WALSHIP_STREAM_CRYPTO_TAG_H

#include <stddef.h>
#include <stdint.h>

#include "stream/sink.h"

#define TAG_BYTES 32
#define MAC_KEY_BYTES 32

/* Passes everything on and appends the tag. mac_key has MAC_KEY_BYTES, or is NULL for SHA-256. */
enum status tag_append(struct sink **chain, const uint8_t *mac_key, struct error *err);

/*
 * Passes on all but the last TAG_BYTES. It finishes the next stage only if they are the tag of prefix (prefix_len bytes
 * that are not passed on) and all bytes before them. STATUS_DAMAGED and STATUS_CONFLICT of later stages wait until
 * then: an altered object is reported as altered, and not as damage that a later stage found in it.
 */
enum status tag_verify(struct sink **chain, const uint8_t *mac_key, const void *prefix, size_t prefix_len,
		       struct error *err);

#endif
