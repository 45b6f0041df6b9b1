/* The repository's keys. The first one encrypts and all of them decrypt, so that keys can be rotated. */
#ifndef WALSHIP_FORMAT_KEYRING_H
#define WALSHIP_FORMAT_KEYRING_H

#include <stddef.h>
#include <stdint.h>

#include "sys/secret.h"
#include "walship/error.h"

#define REPOSITORY_KEY_BYTES 32
#define KEY_ID_BYTES 16
#define SALT_BYTES 32
#define KEYRING_MAX 32 /* one new key a year outlives any retention */

struct repository_key {
	uint8_t bytes[REPOSITORY_KEY_BYTES];
	uint8_t id[KEY_ID_BYTES]; /* HKDF-SHA-256(bytes, no salt, "walship 1 key id") */
};

struct keyring {
	struct repository_key keys[KEYRING_MAX];
	size_t count;
};

#define AES_KEY_BYTES 32
#define MAC_KEY_BYTES 32

/* The keys of one object, derived from a repository key. */
struct object_keys {
	uint8_t aes[AES_KEY_BYTES];
	uint8_t mac[MAC_KEY_BYTES];
	uint8_t iv[MAC_KEY_BYTES]; /* of the frames' initialization vectors */
};

/*
 * Adds the key in the content of a key file: 64 hexadecimal digits and an optional newline, or 32 raw bytes.
 * STATUS_USAGE for any other content, and for a key that is already in the ring.
 */
enum status keyring_add(struct keyring *ring, const struct secret *content, struct error *err);

/* The key with this id, owned by the ring; NULL if there is none. */
const struct repository_key *keyring_find(const struct keyring *ring, const uint8_t id[KEY_ID_BYTES]);

/* Wipes the keys. */
void keyring_fini(struct keyring *ring);

/*
 * HKDF-SHA-256(key, the header's salt, "walship 2 object " || header || name), name being the object's name below the
 * repository. The salt is the last SALT_BYTES of the header.
 */
enum status object_keys_derive(struct object_keys *out, const struct repository_key *key, const void *header,
			       size_t header_len, const char *name, struct error *err);

/* Wipes the keys. */
void object_keys_fini(struct object_keys *keys);

#endif
