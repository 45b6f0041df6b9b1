/* AES-256-CBC with PKCS#7 padding, as filters (codec.h describes the constructors). */
#ifndef WALSHIP_STREAM_CRYPTO_AES_H
#define WALSHIP_STREAM_CRYPTO_AES_H

#include <stdint.h>

#include "stream/sink.h"

#define AES_KEY_BYTES 32
#define AES_IV_BYTES 16

struct aes_key {
	uint8_t key[AES_KEY_BYTES];
	uint8_t iv[AES_IV_BYTES];
};

/* The cipher state keeps a copy of the key and wipes it when freed. */
enum status aes_encrypt(struct sink **chain, const struct aes_key *key, struct error *err);

/* STATUS_DAMAGED when the length or padding is wrong. That is only an indication; the MAC decides. */
enum status aes_decrypt(struct sink **chain, const struct aes_key *key, struct error *err);

#endif
